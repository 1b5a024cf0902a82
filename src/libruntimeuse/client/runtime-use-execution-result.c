/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-execution-result.h"

#include "runtime-use-execution-result-private.h"

/**
 * RuntimeUseExecutionResult:
 *
 * How commands ended.
 *
 * Since: 0.1
 */

struct _RuntimeUseExecutionResult
{
  GObject    parent_instance;

  GPtrArray *results;   /* (element-type RuntimeUseCommandResult) */
};

typedef enum
{
  PROP_RESULTS = 1,
} RuntimeUseExecutionResultProperty;

static GParamSpec *properties[PROP_RESULTS + 1];

G_DEFINE_FINAL_TYPE (RuntimeUseExecutionResult, runtime_use_execution_result, G_TYPE_OBJECT)

static void
runtime_use_execution_result_finalize (GObject *object)
{
  RuntimeUseExecutionResult *self = RUNTIME_USE_EXECUTION_RESULT (object);

  g_clear_pointer (&self->results, g_ptr_array_unref);

  G_OBJECT_CLASS (runtime_use_execution_result_parent_class)->finalize (object);
}

static void
runtime_use_execution_result_get_property (GObject    *object,
                                           guint       prop_id,
                                           GValue     *value,
                                           GParamSpec *pspec)
{
  RuntimeUseExecutionResult *self = RUNTIME_USE_EXECUTION_RESULT (object);

  switch ((RuntimeUseExecutionResultProperty) prop_id)
    {
    case PROP_RESULTS:
      g_value_set_boxed (value, self->results);
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
runtime_use_execution_result_class_init (RuntimeUseExecutionResultClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = runtime_use_execution_result_finalize;
  object_class->get_property = runtime_use_execution_result_get_property;

  /**
   * RuntimeUseExecutionResult:results: (type GLib.PtrArray(RuntimeUseCommandResult))
   *
   * One [class@RuntimeUse.CommandResult] for each command that ran, in order.
   *
   * Since: 0.1
   */
  properties[PROP_RESULTS] =
    g_param_spec_boxed ("results", NULL, NULL, G_TYPE_PTR_ARRAY,
                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
runtime_use_execution_result_init (RuntimeUseExecutionResult *self)
{
}

RuntimeUseExecutionResult *
_runtime_use_execution_result_new (RuntimeUseCommandExecutionResultMessage *message)
{
  RuntimeUseExecutionResult *self = g_object_new (RUNTIME_USE_TYPE_EXECUTION_RESULT, NULL);
  GPtrArray *results = runtime_use_command_execution_result_message_get_results (message);

  self->results = results != NULL ? g_ptr_array_ref (results) : g_ptr_array_new ();

  return self;
}

/**
 * runtime_use_execution_result_get_results:
 * @self: a result
 *
 * Gets how each command that ran ended, in order.
 *
 * The first command that does not exit with 0 ends the list.
 *
 * Returns: (transfer none) (element-type RuntimeUseCommandResult): results
 *
 * Since: 0.1
 */
GPtrArray *
runtime_use_execution_result_get_results (RuntimeUseExecutionResult *self)
{
  g_return_val_if_fail (RUNTIME_USE_IS_EXECUTION_RESULT (self), NULL);

  return self->results;
}
