/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-schema-check-private.h"

#include <stdlib.h>

#include "runtime-use-error.h"
#include "runtime-use-json-schema-report-private.h"
#include "runtime-use-json-schema-value-private.h"

/* Steps; each takes up to 100 ns. */
#define BUDGET 5000000

/* Schemas within one another that look at a value, or at one inside. */
#define MAX_DEPTH 512

/* What is told: enough to mend an answer, not all that is wrong with it. */
#define MAX_FAULTS 5
#define MAX_ALTERNATIVES 3

typedef RuntimeUseJsonSchemaNode Node;

typedef RuntimeUseJsonSchemaReport Report;
typedef RuntimeUseJsonPlace Place;

typedef struct
{
  gint64  budget;
  guint   depth;
  GError *error;         /* (nullable): it cannot be found out */
} Run;

/* A value that a schema looks at. */
typedef struct
{
  Run         *run;
  const Node  *node;
  JsonNode    *value;
  const Place *place;
  Report      *report;   /* (nullable): nobody wants to know why */
} Look;

static gboolean check (Run         *run,
                       const Node  *node,
                       JsonNode    *value,
                       const Place *place,
                       Report      *report);

#define FAULT(self, ...) \
  _runtime_use_json_schema_report_add ((self)->report, (self)->place, __VA_ARGS__)

/* Whether there is no use in going on after a fault. */
static gboolean
is_over (Look *self)
{
  return self->run->error != NULL || self->report == NULL ||
         self->report->n_faults == self->report->max_faults;
}

static gboolean
goes_on (Look     *self,
         gboolean  is_fine)
{
  return is_fine || !is_over (self);
}

static gboolean
spend (Run    *run,
       gint64  cost)
{
  run->budget -= cost;
  if (run->budget < 0 && run->error == NULL)
    g_set_error_literal (&run->error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                         "It takes too long to find out whether the value is as the JSON schema "
                         "wants it");

  return run->error == NULL;
}

/* --- Any value --- */

static gboolean
check_kind (Look *self)
{
  const Node *node = self->node;

  if (node->is_never)
    return _runtime_use_json_schema_report_add_found (self->report, self->place, "nothing", "",
                                                      self->value);

  return node->kinds == 0 || (node->kinds & _runtime_use_json_kind_of (self->value)) != 0 ||
         _runtime_use_json_schema_report_add_kinds (self->report, self->place, node->kinds,
                                                    self->value);
}

static gboolean
fault_values (Look      *self,
              JsonArray *values)
{
  return _runtime_use_json_schema_report_add_values (self->report, self->place, values,
                                                     self->value);
}

static gboolean
fault_compared (Look       *self,
                const char *relation,
                JsonNode   *other)
{
  return _runtime_use_json_schema_report_add_compared (self->report, self->place, relation, other,
                                                       self->value);
}

static gboolean
check_values (Look *self)
{
  JsonArray *values = self->node->values;
  g_autoptr(JsonArray) single = NULL;
  gint64 *budget = &self->run->budget;
  gboolean is_found = FALSE;

  if (self->node->constant != NULL &&
      !_runtime_use_json_same (self->value, self->node->constant, budget))
    {
      single = json_array_new ();
      json_array_add_element (single, json_node_ref (self->node->constant));
      return fault_values (self, single);
    }

  for (guint i = 0; values != NULL && i < json_array_get_length (values) && !is_found; i++)
    is_found = _runtime_use_json_same (self->value, json_array_get_element (values, i), budget);

  return values == NULL || is_found || fault_values (self, values);
}

static gboolean
check_number (Look *self)
{
  const Node *node = self->node;
  JsonNode *value = self->value;
  gboolean is_fine = TRUE;

  if ((_runtime_use_json_kind_of (value) & RUNTIME_USE_JSON_KINDS_NUMERIC) == 0)
    return TRUE;

  if (node->minimum != NULL && _runtime_use_json_compare_numbers (value, node->minimum) < 0)
    is_fine = fault_compared (self, "a number of at least ", node->minimum);
  if (node->maximum != NULL && _runtime_use_json_compare_numbers (value, node->maximum) > 0)
    is_fine = fault_compared (self, "a number of at most ", node->maximum);
  if (node->exclusive_minimum != NULL &&
      _runtime_use_json_compare_numbers (value, node->exclusive_minimum) <= 0)
    is_fine = fault_compared (self, "a number greater than ", node->exclusive_minimum);
  if (node->exclusive_maximum != NULL &&
      _runtime_use_json_compare_numbers (value, node->exclusive_maximum) >= 0)
    is_fine = fault_compared (self, "a number less than ", node->exclusive_maximum);
  if (node->divisor != NULL && !_runtime_use_json_is_multiple (value, node->divisor))
    is_fine = fault_compared (self, "a multiple of ", node->divisor);

  return is_fine;
}

static gboolean
check_range (Look                            *self,
             const RuntimeUseJsonSchemaRange *range,
             guint64                          n,
             const char                      *one,
             const char                      *many)
{
  if (n < range->min)
    return FAULT (self, "expected at least %" G_GUINT64_FORMAT " %s, found %" G_GUINT64_FORMAT,
                  range->min, range->min == 1 ? one : many, n);
  if (n > range->max)
    return FAULT (self, "expected at most %" G_GUINT64_FORMAT " %s, found %" G_GUINT64_FORMAT,
                  range->max, range->max == 1 ? one : many, n);

  return TRUE;
}

static gboolean
matches (Run                               *run,
         const RuntimeUseJsonSchemaPattern *pattern,
         const char                        *text)
{
  gboolean is_match = FALSE;

  if (!spend (run, 1))
    return FALSE;

  _runtime_use_json_schema_pattern_match (pattern, text, &run->budget, &is_match, &run->error);

  return is_match;
}

static gboolean
check_text (Look *self)
{
  const Node *node = self->node;
  g_autoptr(GString) pattern = NULL;
  const char *text;

  if (_runtime_use_json_kind_of (self->value) != RUNTIME_USE_JSON_KIND_STRING)
    return TRUE;

  text = json_node_get_string (self->value);
  if (node->length.min > 0 || node->length.max < G_MAXUINT64)
    {
      glong length = g_utf8_strlen (text, -1);

      spend (self->run, length / 16);
      if (!check_range (self, &node->length, (guint64) length, "character", "characters"))
        return FALSE;
    }

  if (node->pattern == NULL || matches (self->run, node->pattern, text))
    return TRUE;
  if (self->report == NULL)
    return FALSE;

  pattern = g_string_new (NULL);
  _runtime_use_json_quote (pattern, _runtime_use_json_schema_pattern_get_text (node->pattern));

  return _runtime_use_json_schema_report_add_found (self->report, self->place,
                                                    "a string that matches the pattern ",
                                                    pattern->str, self->value);
}

/* --- Arrays --- */

typedef struct
{
  guint64 hash;
  guint   index;
} Item;

static int
compare_items (gconstpointer a,
               gconstpointer b)
{
  const Item *item = a;
  const Item *other = b;

  if (item->hash != other->hash)
    return item->hash < other->hash ? -1 : 1;

  return item->index < other->index ? -1 : item->index > other->index;
}

static gboolean
check_unique (Look      *self,
              JsonArray *array)
{
  guint length = json_array_get_length (array);
  g_autofree Item *items = NULL;
  gint64 *budget = &self->run->budget;

  if (length < 2)
    return TRUE;

  items = g_new (Item, length);
  for (guint i = 0; i < length; i++)
    {
      items[i].hash = _runtime_use_json_hash (json_array_get_element (array, i), budget);
      items[i].index = i;
    }
  qsort (items, length, sizeof *items, compare_items);

  for (guint i = 0; i < length; i++)
    {
      JsonNode *item = json_array_get_element (array, items[i].index);

      for (guint j = i + 1; j < length && items[j].hash == items[i].hash; j++)
        {
          if (!spend (self->run, 0))
            return FALSE;
          if (_runtime_use_json_same (item, json_array_get_element (array, items[j].index), budget))
            return FAULT (self, "expected items that differ, but those at %u and %u are the same",
                          items[i].index, items[j].index);
        }
    }

  return TRUE;
}

static gboolean
check_contained (Look      *self,
                 JsonArray *array)
{
  const Node *node = self->node;
  Place place = { self->place, NULL, 0 };
  guint64 n = 0;

  for (; place.index < json_array_get_length (array) && n <= node->n_contained.max; place.index++)
    n += check (self->run, node->contains, json_array_get_element (array, place.index), &place,
                NULL);

  if (n < node->n_contained.min)
    return FAULT (self, "expected that %s of the schema fits at least %" G_GUINT64_FORMAT
                  " of the items, but it fits %" G_GUINT64_FORMAT,
                  node->contains->place, node->n_contained.min, n);
  if (n > node->n_contained.max)
    return FAULT (self, "expected that %s of the schema fits at most %" G_GUINT64_FORMAT
                  " of the items, but it fits more",
                  node->contains->place, node->n_contained.max);

  return TRUE;
}

static gboolean
check_items (Look      *self,
             JsonArray *array)
{
  const Node *node = self->node;
  guint n_prefix = node->prefix_items != NULL ? node->prefix_items->len : 0;
  Place place = { self->place, NULL, 0 };
  gboolean is_fine = TRUE;

  for (; place.index < json_array_get_length (array); place.index++)
    {
      const Node *rule = place.index < n_prefix ? node->prefix_items->pdata[place.index]
                                                : node->items;

      if (rule == NULL)
        return is_fine;
      if (!check (self->run, rule, json_array_get_element (array, place.index), &place,
                  self->report))
        is_fine = FALSE;
      if (!is_fine && is_over (self))
        return FALSE;
    }

  return is_fine;
}

static gboolean
check_array (Look *self)
{
  const Node *node = self->node;
  JsonArray *array;
  gboolean is_fine;

  if (_runtime_use_json_kind_of (self->value) != RUNTIME_USE_JSON_KIND_ARRAY)
    return TRUE;

  array = json_node_get_array (self->value);
  is_fine = check_range (self, &node->n_items, json_array_get_length (array),
                         "item", "items");
  if (goes_on (self, is_fine) && node->unique_items && !check_unique (self, array))
    is_fine = FALSE;
  if (goes_on (self, is_fine) && node->contains != NULL && !check_contained (self, array))
    is_fine = FALSE;
  if (goes_on (self, is_fine) && !check_items (self, array))
    is_fine = FALSE;

  return is_fine;
}

/* --- Objects --- */

/* @because_of: (nullable): the property that makes these necessary */
static gboolean
check_required (Look       *self,
                GPtrArray  *names,
                const char *because_of,
                JsonObject *object)
{
  g_autoptr(GString) text = NULL;
  guint n = 0;

  for (guint i = 0; i < names->len && spend (self->run, 1); i++)
    {
      if (json_object_has_member (object, names->pdata[i]) || n > RUNTIME_USE_JSON_SCHEMA_MAX_NAMES)
        continue;
      if (self->report == NULL)
        return FALSE;
      if (text == NULL)
        text = g_string_new (NULL);
      else
        g_string_append (text, ", ");
      if (n++ < RUNTIME_USE_JSON_SCHEMA_MAX_NAMES)
        _runtime_use_json_quote (text, names->pdata[i]);
      else
        g_string_append (text, "…");
    }

  if (text == NULL)
    return TRUE;

  g_string_prepend (text, n == 1 ? "the property " : "the properties ");
  g_string_append (text, n == 1 ? " is missing" : " are missing");
  if (because_of != NULL)
    {
      g_string_append (text, " beside ");
      _runtime_use_json_quote (text, because_of);
    }

  return FAULT (self, "%s", text->str);
}

static gboolean
check_dependencies (Look       *self,
                    JsonObject *object)
{
  GArray *dependencies = self->node->dependencies;
  gboolean is_fine = TRUE;

  for (guint i = 0; i < dependencies->len && spend (self->run, 1); i++)
    {
      const RuntimeUseJsonSchemaDependency *dependency =
        &g_array_index (dependencies, RuntimeUseJsonSchemaDependency, i);

      if (!json_object_has_member (object, dependency->name))
        continue;
      if (dependency->required != NULL &&
          !check_required (self, dependency->required, dependency->name, object))
        is_fine = FALSE;
      if (dependency->node != NULL &&
          !check (self->run, dependency->node, self->value, self->place, self->report))
        is_fine = FALSE;
    }

  return is_fine;
}

static gboolean
check_name (Look       *self,
            const char *name)
{
  g_autoptr(JsonNode) node = json_node_init_string (json_node_alloc (), name);
  g_autoptr(GString) text = NULL;
  Report inner = { NULL, 0, 1, TRUE };
  const Place whole = { NULL, NULL, 0 };

  if (self->report == NULL)
    return check (self->run, self->node->names, node, &whole, NULL);

  text = inner.text = g_string_new (NULL);

  return check (self->run, self->node->names, node, &whole, &inner) ||
         FAULT (self, "the name of a property is not allowed: %s", text->str);
}

static gboolean
check_member (Look       *self,
              const char *name,
              JsonNode   *value)
{
  const Node *node = self->node;
  const Place place = { self->place, name, 0 };
  const Node *rule = node->properties != NULL ? g_hash_table_lookup (node->properties, name) : NULL;
  gboolean is_known = rule != NULL;
  gboolean is_fine = TRUE;

  if (node->names != NULL && !check_name (self, name))
    is_fine = FALSE;
  if (rule != NULL && !check (self->run, rule, value, &place, self->report))
    is_fine = FALSE;

  for (guint i = 0; node->patterns != NULL && i < node->patterns->len; i++)
    {
      const RuntimeUseJsonSchemaPatternRule *pattern_rule =
        &g_array_index (node->patterns, RuntimeUseJsonSchemaPatternRule, i);

      if (!matches (self->run, pattern_rule->pattern, name))
        continue;
      is_known = TRUE;
      if (!check (self->run, pattern_rule->node, value, &place, self->report))
        is_fine = FALSE;
    }

  if (is_known || node->additional == NULL)
    return is_fine;
  if (node->additional->is_never)
    return _runtime_use_json_schema_report_add_unknown (self->report, self->place, name,
                                                        node->properties);

  return check (self->run, node->additional, value, &place, self->report) && is_fine;
}

static gboolean
check_members (Look       *self,
               JsonObject *object)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;
  gboolean is_fine = TRUE;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value))
    {
      if (!spend (self->run, 1))
        return FALSE;
      if (!check_member (self, name, value))
        is_fine = FALSE;
      if (!is_fine && is_over (self))
        return FALSE;
    }

  return is_fine;
}

static gboolean
check_object (Look *self)
{
  const Node *node = self->node;
  JsonObject *object;
  gboolean is_fine;

  if (_runtime_use_json_kind_of (self->value) != RUNTIME_USE_JSON_KIND_OBJECT)
    return TRUE;

  object = json_node_get_object (self->value);
  is_fine = check_range (self, &node->n_properties, json_object_get_size (object),
                         "property", "properties");
  if (goes_on (self, is_fine) && node->required != NULL &&
      !check_required (self, node->required, NULL, object))
    is_fine = FALSE;
  if (goes_on (self, is_fine) && node->dependencies != NULL && !check_dependencies (self, object))
    is_fine = FALSE;
  if (goes_on (self, is_fine) && !check_members (self, object))
    is_fine = FALSE;

  return is_fine;
}

/* --- Schemas of schemas --- */

static gboolean
check_with (Look       *self,
            const Node *node,
            Report     *report)
{
  return check (self->run, node, self->value, self->place, report);
}

/* Tells what is wrong with alternatives, those first that are for a value of this kind. */
static void
append_alternatives (Look      *self,
                     GString   *out,
                     GPtrArray *nodes)
{
  RuntimeUseJsonKind kind = _runtime_use_json_kind_of (self->value);
  guint n = 0;

  for (guint round = 0; round < 2 && n == 0; round++)
    {
      for (guint i = 0; i < nodes->len && n < MAX_ALTERNATIVES; i++)
        {
          const Node *node = nodes->pdata[i];
          g_autoptr(GString) text = g_string_new (NULL);
          Report inner = { text, 0, 1, TRUE };

          if (round == 0 && node->kinds != 0 && (node->kinds & kind) == 0)
            continue;
          check_with (self, node, &inner);
          g_string_append_printf (out, "%s(%u) %s", n > 0 ? "; " : ": ", i + 1, text->str);
          n++;
        }
    }
}

static gboolean
fault_alternatives (Look      *self,
                    GPtrArray *nodes)
{
  g_autoptr(GString) text = NULL;

  if (is_over (self))
    return FALSE;

  text = g_string_new (NULL);
  /* What is wrong with alternatives of alternatives helps nobody. */
  if (!self->report->is_inner)
    append_alternatives (self, text, nodes);

  return FAULT (self, "expected one of %u alternatives to fit, but none does%s", nodes->len,
                text->str);
}

static gboolean
check_all (Look *self)
{
  GPtrArray *nodes = self->node->all_of;
  gboolean is_fine = TRUE;

  for (guint i = 0; nodes != NULL && i < nodes->len; i++)
    {
      if (!check_with (self, nodes->pdata[i], self->report))
        is_fine = FALSE;
      if (!is_fine && is_over (self))
        return FALSE;
    }

  return is_fine;
}

static gboolean
check_any (Look *self)
{
  GPtrArray *nodes = self->node->any_of;

  for (guint i = 0; nodes != NULL && i < nodes->len; i++)
    {
      if (check_with (self, nodes->pdata[i], NULL))
        return TRUE;
    }

  return nodes == NULL || fault_alternatives (self, nodes);
}

static gboolean
check_one (Look *self)
{
  GPtrArray *nodes = self->node->one_of;
  guint n = 0;
  guint first = 0;

  for (guint i = 0; nodes != NULL && i < nodes->len; i++)
    {
      if (!check_with (self, nodes->pdata[i], NULL))
        continue;
      if (n++ > 0)
        return FAULT (self, "expected only one of %u alternatives to fit, but (%u) and (%u) do",
                      nodes->len, first + 1, i + 1);
      first = i;
    }

  return nodes == NULL || n == 1 || fault_alternatives (self, nodes);
}

static gboolean
check_others (Look *self)
{
  const Node *node = self->node;
  const Node *branch = NULL;
  gboolean is_fine = TRUE;

  if (node->none_of != NULL && check_with (self, node->none_of, NULL))
    is_fine = FAULT (self, "expected what does not fit %s of the schema", node->none_of->place);

  if (node->condition != NULL)
    branch = check_with (self, node->condition, NULL) ? node->consequence : node->alternative;
  if (branch != NULL && !check_with (self, branch, self->report))
    is_fine = FALSE;

  if (node->reference != NULL && !check_with (self, node->reference, self->report))
    is_fine = FALSE;

  return is_fine;
}

/* --- */

/* Whether the value fits. Is of no meaning if there is an error then. */
static gboolean
check (Run         *run,
       const Node  *node,
       JsonNode    *value,
       const Place *place,
       Report      *report)
{
  static gboolean (* const checks[]) (Look *self) = {
    check_number, check_text, check_array, check_object, check_all, check_any, check_one,
    check_others,
  };
  Look look = { run, node, value, place, report };
  gboolean is_fine = TRUE;

  if (!spend (run, 1))
    return FALSE;
  if (run->depth == MAX_DEPTH)
    {
      g_set_error (&run->error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                   "The JSON schema refers to itself without end, or more than %u times, at %s",
                   MAX_DEPTH, *node->place != '\0' ? node->place : "its root");
      return FALSE;
    }

  /* Nothing else is worth telling then. */
  if (!check_values (&look) || !check_kind (&look))
    return FALSE;

  run->depth++;
  for (gsize i = 0; i < G_N_ELEMENTS (checks) && goes_on (&look, is_fine); i++)
    {
      if (!checks[i] (&look))
        is_fine = FALSE;
    }
  run->depth--;

  return is_fine && run->error == NULL;
}

gboolean
_runtime_use_json_schema_check (const Node  *node,
                                JsonNode    *value,
                                GError     **error)
{
  Run run = { .budget = BUDGET };
  const Place whole = { NULL, NULL, 0 };
  g_autoptr(GString) text = NULL;
  Report report = { NULL, 0, MAX_FAULTS, FALSE };

  /* Most values are as they should be, so that there is nothing to tell. */
  if (check (&run, node, value, &whole, NULL))
    return TRUE;

  if (run.error == NULL)
    {
      text = report.text = g_string_new ("The value is not as the JSON schema wants it: ");
      run.budget = BUDGET;
      check (&run, node, value, &whole, &report);
    }
  if (run.error != NULL)
    g_propagate_error (error, run.error);
  else
    g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD, text->str);

  return FALSE;
}
