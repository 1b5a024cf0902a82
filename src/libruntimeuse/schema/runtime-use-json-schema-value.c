/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-schema-value-private.h"

#include <stdlib.h>
#include <string.h>

#include "runtime-use-json-node-private.h"
#include "runtime-use-json-writer-private.h"

/* Of a text, in characters. */
#define MAX_SHOWN 60

/* A double may have as many digits that tell it from others. */
#define MAX_DIGITS 24

/* 2⁶³ */
#define INT64_END 9223372036854775808.0

/* 2⁵³: what is beyond has no fraction in a double. */
#define FRACTION_END 9007199254740992.0

static gboolean
is_int (JsonNode *value)
{
  return json_node_get_value_type (value) == G_TYPE_INT64;
}

static gboolean
is_whole (double number)
{
  return number >= FRACTION_END || number <= -FRACTION_END || (double) (gint64) number == number;
}

RuntimeUseJsonKind
_runtime_use_json_kind_of (JsonNode *value)
{
  GType type;

  /* A node may be there without what it is for; then it is written as null. */
  if (JSON_NODE_HOLDS_OBJECT (value) && json_node_get_object (value) != NULL)
    return RUNTIME_USE_JSON_KIND_OBJECT;
  if (JSON_NODE_HOLDS_ARRAY (value) && json_node_get_array (value) != NULL)
    return RUNTIME_USE_JSON_KIND_ARRAY;
  if (!JSON_NODE_HOLDS_VALUE (value))
    return RUNTIME_USE_JSON_KIND_NULL;

  type = json_node_get_value_type (value);
  if (type == G_TYPE_STRING && json_node_get_string (value) != NULL)
    return RUNTIME_USE_JSON_KIND_STRING;
  if (type == G_TYPE_BOOLEAN)
    return RUNTIME_USE_JSON_KIND_BOOLEAN;
  if (type == G_TYPE_INT64)
    return RUNTIME_USE_JSON_KIND_INTEGER;
  if (type == G_TYPE_DOUBLE)
    return is_whole (json_node_get_double (value)) ? RUNTIME_USE_JSON_KIND_INTEGER
                                                   : RUNTIME_USE_JSON_KIND_NUMBER;

  return RUNTIME_USE_JSON_KIND_NULL;
}

/* --- Numbers --- */

static int
compare_int_double (gint64 a,
                    double b)
{
  gint64 whole;

  if (b >= INT64_END)
    return -1;
  if (b < -INT64_END)
    return 1;

  whole = (gint64) b;
  if (a != whole)
    return a < whole ? -1 : 1;

  return b > (double) whole ? -1 : b < (double) whole;
}

/* Exact, also where a double cannot hold an integer. */
int
_runtime_use_json_compare_numbers (JsonNode *a,
                                   JsonNode *b)
{
  if (is_int (a) && is_int (b))
    return json_node_get_int (a) < json_node_get_int (b)
           ? -1 : json_node_get_int (a) > json_node_get_int (b);
  if (is_int (a))
    return compare_int_double (json_node_get_int (a), json_node_get_double (b));
  if (is_int (b))
    return -compare_int_double (json_node_get_int (b), json_node_get_double (a));

  return json_node_get_double (a) < json_node_get_double (b)
         ? -1 : json_node_get_double (a) > json_node_get_double (b);
}

/* A number without sign, as people write it: digits, none of them 0 at the end, and a power of
 * ten. Zero has no digits. */
typedef struct
{
  char  digits[MAX_DIGITS + 1];
  gsize n_digits;
  int   exponent;
} Decimal;

/* @text: as printf writes it in the format e */
static void
read_scientific (Decimal    *self,
                 const char *text)
{
  self->n_digits = 0;
  for (; *text != '\0' && *text != 'e'; text++)
    {
      if (g_ascii_isdigit (*text) && self->n_digits < MAX_DIGITS)
        self->digits[self->n_digits++] = *text;
    }

  self->exponent = (*text == 'e' ? (int) strtol (text + 1, NULL, 10) : 0) -
                   ((int) self->n_digits - 1);
}

static void
set_double (Decimal *self,
            double   number)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  const char * const formats[] = { "%.14e", "%.15e", "%.16e" };

  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_ascii_formatd (text, sizeof text, formats[i], number);
      if (g_ascii_strtod (text, NULL) == number)
        break;
    }

  read_scientific (self, text);
}

static void
set_number (Decimal  *self,
            JsonNode *value)
{
  if (is_int (value))
    {
      guint64 number = (guint64) json_node_get_int (value);

      if (json_node_get_int (value) < 0)
        number = -number;
      self->n_digits = (gsize) g_snprintf (self->digits, sizeof self->digits,
                                           "%" G_GUINT64_FORMAT, number);
      self->exponent = 0;
    }
  else
    {
      set_double (self, json_node_get_double (value));
    }

  while (self->n_digits > 0 && self->digits[self->n_digits - 1] == '0')
    {
      self->n_digits--;
      self->exponent++;
    }
}

static guint64
add_modulo (guint64 a,
            guint64 b,
            guint64 modulus)
{
  return a >= modulus - b ? a - (modulus - b) : a + b;
}

/* What is left of the number when @modulus was taken off as often as can be, as on paper. */
static guint64
get_remainder (const Decimal *self,
               int            exponent,
               guint64        modulus)
{
  guint64 rest = 0;

  for (gsize i = 0; i < self->n_digits + (gsize) exponent; i++)
    {
      guint64 digit = i < self->n_digits ? (guint64) (self->digits[i] - '0') : 0;
      guint64 two = add_modulo (rest, rest, modulus);
      guint64 four = add_modulo (two, two, modulus);
      guint64 eight = add_modulo (four, four, modulus);

      rest = add_modulo (add_modulo (eight, two, modulus), digit % modulus, modulus);
    }

  return rest;
}

/* As people see it: 0.3 is a multiple of 0.1, which is not so for the doubles nearest to them. */
gboolean
_runtime_use_json_is_multiple (JsonNode *value,
                               JsonNode *divisor)
{
  Decimal number, unit;
  guint64 modulus = 0;

  set_number (&number, value);
  set_number (&unit, divisor);
  if (number.n_digits == 0 || unit.n_digits == 0)
    return number.n_digits == 0;

  /* The number does not end with a 0 where each multiple does. */
  if (unit.exponent > number.exponent)
    return FALSE;

  for (gsize i = 0; i < unit.n_digits; i++)
    modulus = modulus * 10 + (guint64) (unit.digits[i] - '0');

  return get_remainder (&number, number.exponent - unit.exponent, modulus) == 0;
}

/* --- The same --- */

static gboolean
same_arrays (JsonArray *a,
             JsonArray *b,
             gint64    *budget)
{
  guint length = json_array_get_length (a);

  if (length != json_array_get_length (b))
    return FALSE;

  for (guint i = 0; i < length; i++)
    {
      if (!_runtime_use_json_same (json_array_get_element (a, i), json_array_get_element (b, i),
                                   budget))
        return FALSE;
    }

  return TRUE;
}

static gboolean
same_objects (JsonObject *a,
              JsonObject *b,
              gint64     *budget)
{
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  if (json_object_get_size (a) != json_object_get_size (b))
    return FALSE;

  json_object_iter_init (&iter, a);
  while (json_object_iter_next (&iter, &name, &value))
    {
      JsonNode *other = json_object_get_member (b, name);

      if (other == NULL || !_runtime_use_json_same (value, other, budget))
        return FALSE;
    }

  return TRUE;
}

gboolean
_runtime_use_json_same (JsonNode *a,
                        JsonNode *b,
                        gint64   *budget)
{
  RuntimeUseJsonKind kind = _runtime_use_json_kind_of (a);

  *budget -= 1;
  if (kind != _runtime_use_json_kind_of (b))
    return FALSE;

  switch (kind)
    {
    case RUNTIME_USE_JSON_KIND_BOOLEAN:
      return json_node_get_boolean (a) == json_node_get_boolean (b);

    case RUNTIME_USE_JSON_KIND_INTEGER:
    case RUNTIME_USE_JSON_KIND_NUMBER:
      return _runtime_use_json_compare_numbers (a, b) == 0;

    case RUNTIME_USE_JSON_KIND_STRING:
      return strcmp (json_node_get_string (a), json_node_get_string (b)) == 0;

    case RUNTIME_USE_JSON_KIND_ARRAY:
      return same_arrays (json_node_get_array (a), json_node_get_array (b), budget);

    case RUNTIME_USE_JSON_KIND_OBJECT:
      return same_objects (json_node_get_object (a), json_node_get_object (b), budget);

    case RUNTIME_USE_JSON_KIND_NULL:
    default:
      return TRUE;
    }
}

/* --- Hashes --- */

static guint64
mix (guint64 hash,
     guint64 more)
{
  hash = (hash ^ more) * G_GUINT64_CONSTANT (0x9e3779b97f4a7c15);

  return hash ^ (hash >> 32);
}

static guint64
hash_text (const char *text,
           gint64     *budget)
{
  gsize length = strlen (text);
  guint64 hash = length;

  *budget -= (gint64) (length / 16);
  for (gsize i = 0; i < length; i++)
    hash = mix (hash, (guint8) text[i]);

  return hash;
}

/* The same for an integer and a double that are the same number. */
static guint64
hash_number (JsonNode *value)
{
  double number = is_int (value) ? (double) json_node_get_int (value)
                                 : json_node_get_double (value);
  guint64 bits;

  /* There are two zeros. */
  if (number == 0)
    number = 0;
  memcpy (&bits, &number, sizeof bits);

  return mix (bits, 0);
}

static guint64
hash_array (JsonArray *array,
            gint64    *budget)
{
  guint64 hash = json_array_get_length (array);

  for (guint i = 0; i < json_array_get_length (array); i++)
    hash = mix (hash, _runtime_use_json_hash (json_array_get_element (array, i), budget));

  return hash;
}

/* Members have no order. */
static guint64
hash_object (JsonObject *object,
             gint64     *budget)
{
  guint64 hash = json_object_get_size (object);
  JsonObjectIter iter;
  const char *name;
  JsonNode *value;

  json_object_iter_init (&iter, object);
  while (json_object_iter_next (&iter, &name, &value))
    hash += mix (hash_text (name, budget), _runtime_use_json_hash (value, budget));

  return hash;
}

guint64
_runtime_use_json_hash (JsonNode *value,
                        gint64   *budget)
{
  RuntimeUseJsonKind kind = _runtime_use_json_kind_of (value);

  *budget -= 1;
  switch (kind)
    {
    case RUNTIME_USE_JSON_KIND_BOOLEAN:
      return mix (kind, (guint64) json_node_get_boolean (value));

    case RUNTIME_USE_JSON_KIND_INTEGER:
    case RUNTIME_USE_JSON_KIND_NUMBER:
      return mix (RUNTIME_USE_JSON_KIND_NUMBER, hash_number (value));

    case RUNTIME_USE_JSON_KIND_STRING:
      return mix (kind, hash_text (json_node_get_string (value), budget));

    case RUNTIME_USE_JSON_KIND_ARRAY:
      return mix (kind, hash_array (json_node_get_array (value), budget));

    case RUNTIME_USE_JSON_KIND_OBJECT:
      return mix (kind, hash_object (json_node_get_object (value), budget));

    case RUNTIME_USE_JSON_KIND_NULL:
    default:
      return mix (kind, 0);
    }
}

/* --- For people --- */

/* Writes a text as JSON, shortened if it is long. */
void
_runtime_use_json_quote (GString    *out,
                         const char *text)
{
  const char *end = text;

  for (guint i = 0; i < MAX_SHOWN && *end != '\0'; i++)
    end = g_utf8_next_char (end);

  _runtime_use_json_append_string (out, text, (gsize) (end - text));
  if (*end != '\0')
    g_string_insert (out, (gssize) out->len - 1, "…");
}

void
_runtime_use_json_describe (GString  *out,
                            JsonNode *value)
{
  RuntimeUseJsonKind kind = _runtime_use_json_kind_of (value);
  g_autofree char *json = NULL;
  guint size;

  switch (kind)
    {
    case RUNTIME_USE_JSON_KIND_STRING:
      _runtime_use_json_quote (out, json_node_get_string (value));
      return;

    case RUNTIME_USE_JSON_KIND_ARRAY:
      size = json_array_get_length (json_node_get_array (value));
      g_string_append_printf (out, "an array of %u item%s", size, size == 1 ? "" : "s");
      return;

    case RUNTIME_USE_JSON_KIND_OBJECT:
      size = json_object_get_size (json_node_get_object (value));
      g_string_append_printf (out, "an object of %u propert%s", size, size == 1 ? "y" : "ies");
      return;

    case RUNTIME_USE_JSON_KIND_NULL:
    case RUNTIME_USE_JSON_KIND_BOOLEAN:
    case RUNTIME_USE_JSON_KIND_INTEGER:
    case RUNTIME_USE_JSON_KIND_NUMBER:
    default:
      json = _runtime_use_json_from_node (value, NULL);
      g_string_append (out, json != NULL ? json : "a number");
    }
}
