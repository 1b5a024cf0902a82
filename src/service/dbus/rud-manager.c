/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "rud-manager.h"

#include "rud-told.h"

/* Grows with what is added to the interfaces. */
#define INTERFACE_VERSION 1

/* So long nothing is told at once after something was. */
#define QUIET_US (250 * 1000)

struct _RudManager
{
  RudDbusManagerSkeleton  parent_instance;

  RudStatus              *status;
  RudTold                 told;
};

static void rud_manager_iface_init (RudDbusManagerIface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RudManager, rud_manager, RUD_DBUS_TYPE_MANAGER_SKELETON,
                               G_IMPLEMENT_INTERFACE (RUD_DBUS_TYPE_MANAGER,
                                                      rud_manager_iface_init))

/* Properties */

static GVariant *
read_version (gpointer owner)
{
  return g_variant_new_string (PACKAGE_VERSION);
}

static GVariant *
read_interface_version (gpointer owner)
{
  return g_variant_new_uint32 (INTERFACE_VERSION);
}

static GVariant *
read_addresses (gpointer owner)
{
  RudManager *self = owner;
  g_auto(GStrv) addresses = NULL;

  addresses = runtime_use_server_dup_addresses (rud_status_get_server (self->status));

  return g_variant_new_strv ((const char * const *) addresses, -1);
}

static GVariant *
read_agent (gpointer owner)
{
  RudManager *self = owner;

  return g_variant_new_string (rud_status_get_agent (self->status));
}

static GVariant *
read_session_count (gpointer owner)
{
  RudManager *self = owner;

  return g_variant_new_uint32 (rud_status_get_n_sessions (self->status));
}

static GVariant *
read_active_request_count (gpointer owner)
{
  RudManager *self = owner;

  return g_variant_new_uint32 (rud_status_get_n_active_requests (self->status));
}

static GVariant *
read_total_requests (gpointer owner)
{
  RudManager *self = owner;

  return g_variant_new_uint64 (rud_status_get_total_requests (self->status));
}

static GVariant *
read_failed_requests (gpointer owner)
{
  RudManager *self = owner;

  return g_variant_new_uint64 (rud_status_get_failed_requests (self->status));
}

static RudProperty properties[] = {
  { "Version", RUD_TOLD_NEVER, "''", read_version },
  { "InterfaceVersion", RUD_TOLD_NEVER, "uint32 0", read_interface_version },
  { "Addresses", RUD_TOLD_AT_ONCE, "@as []", read_addresses },
  { "Agent", RUD_TOLD_NEVER, "''", read_agent },
  { "SessionCount", RUD_TOLD_AT_ONCE, "uint32 0", read_session_count },
  { "ActiveRequestCount", RUD_TOLD_AT_ONCE, "uint32 0", read_active_request_count },
  { "TotalRequests", RUD_TOLD_AT_TIMES, "uint64 0", read_total_requests },
  { "FailedRequests", RUD_TOLD_AT_TIMES, "uint64 0", read_failed_requests },
};

static GVariant *
get_property_cb (GDBusConnection  *connection,
                 const char       *sender,
                 const char       *object_path,
                 const char       *interface_name,
                 const char       *property_name,
                 GError          **error,
                 gpointer          user_data)
{
  RudManager *self = user_data;

  return rud_told_get (&self->told, property_name);
}

static GDBusInterfaceVTable *
rud_manager_get_vtable (GDBusInterfaceSkeleton *skeleton)
{
  static GDBusInterfaceVTable vtable;

  if (vtable.method_call == NULL)
    {
      GDBusInterfaceSkeletonClass *parent;

      parent = G_DBUS_INTERFACE_SKELETON_CLASS (rud_manager_parent_class);
      vtable = *parent->get_vtable (skeleton);
      vtable.get_property = get_property_cb;
    }

  return &vtable;
}

static GVariant *
rud_manager_get_properties (GDBusInterfaceSkeleton *skeleton)
{
  return g_variant_ref_sink (rud_told_get_all (&RUD_MANAGER (skeleton)->told));
}

/* Methods */

/* Sessions may go while they are walked through. */
static GPtrArray *
dup_sessions (RudManager *self)
{
  g_autoptr(GListModel) list = NULL;
  GPtrArray *sessions = g_ptr_array_new_with_free_func (g_object_unref);
  guint n_sessions;

  list = runtime_use_server_list_sessions (rud_status_get_server (self->status));
  n_sessions = g_list_model_get_n_items (list);
  for (guint i = 0; i < n_sessions; i++)
    g_ptr_array_add (sessions, g_list_model_get_item (list, i));

  return sessions;
}

static gboolean
handle_cancel_all (RudDbusManager        *manager,
                   GDBusMethodInvocation *invocation)
{
  g_autoptr(GPtrArray) sessions = dup_sessions (RUD_MANAGER (manager));
  guint count = 0;

  for (guint i = 0; i < sessions->len; i++)
    if (runtime_use_session_cancel (g_ptr_array_index (sessions, i)))
      count++;

  /* A caller who asks for nothing again and again fills no log. */
  if (count > 0)
    g_info ("%s cancels all requests: %u", g_dbus_method_invocation_get_sender (invocation), count);
  rud_dbus_manager_complete_cancel_all (manager, invocation, count);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
handle_end_all (RudDbusManager        *manager,
                GDBusMethodInvocation *invocation)
{
  g_autoptr(GPtrArray) sessions = dup_sessions (RUD_MANAGER (manager));

  if (sessions->len > 0)
    g_info ("%s ends all sessions: %u", g_dbus_method_invocation_get_sender (invocation),
            sessions->len);
  for (guint i = 0; i < sessions->len; i++)
    runtime_use_session_end (g_ptr_array_index (sessions, i));

  rud_dbus_manager_complete_end_all (manager, invocation);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

static gboolean
handle_drain (RudDbusManager        *manager,
              GDBusMethodInvocation *invocation)
{
  RudManager *self = RUD_MANAGER (manager);
  RuntimeUseServer *server = rud_status_get_server (self->status);

  if (!runtime_use_server_is_draining (server))
    g_info ("%s drains the server", g_dbus_method_invocation_get_sender (invocation));
  runtime_use_server_drain (server);
  rud_dbus_manager_complete_drain (manager, invocation);

  return G_DBUS_METHOD_INVOCATION_HANDLED;
}

/* GObject */

static void
rud_manager_finalize (GObject *object)
{
  RudManager *self = RUD_MANAGER (object);

  rud_told_clear (&self->told);
  g_clear_object (&self->status);

  G_OBJECT_CLASS (rud_manager_parent_class)->finalize (object);
}

static void
rud_manager_class_init (RudManagerClass *klass)
{
  GDBusInterfaceSkeletonClass *skeleton_class = G_DBUS_INTERFACE_SKELETON_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = rud_manager_finalize;
  skeleton_class->get_vtable = rud_manager_get_vtable;
  skeleton_class->get_properties = rud_manager_get_properties;
}

static void
rud_manager_iface_init (RudDbusManagerIface *iface)
{
  iface->handle_cancel_all = handle_cancel_all;
  iface->handle_end_all = handle_end_all;
  iface->handle_drain = handle_drain;
}

static void
rud_manager_init (RudManager *self)
{
  rud_told_init (&self->told, properties, G_N_ELEMENTS (properties), self);
}

RudManager *
rud_manager_new (RudStatus *status)
{
  RudManager *self = g_object_new (RUD_TYPE_MANAGER, NULL);

  self->status = g_object_ref (status);

  return self;
}

/* Whoever is interested reads all properties now. */
void
rud_manager_exported (RudManager *self)
{
  rud_told_renew (&self->told);
}

/* Whether a change has to wait for its turn. */
gboolean
rud_manager_told_recently (RudManager *self)
{
  return g_get_monotonic_time () - self->told.counters_told < QUIET_US;
}

void
rud_manager_tell (RudManager *self)
{
  rud_told_tell (&self->told, TRUE);
}
