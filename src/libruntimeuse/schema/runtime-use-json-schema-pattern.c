/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-json-schema-pattern-private.h"

#include <string.h>

#include "runtime-use-error.h"
#include "runtime-use-json-schema-value-private.h"

/* Of a pattern, in bytes. */
#define MAX_LENGTH ((gsize) 16 * 1024)

/* How many steps of matching there may be, and what that costs. Most matches are over after a few;
 * those that are not are tried again with patience. What backtracking needs is bounded, too, in
 * kibibytes. */
#define QUICK_STEPS 500
#define QUICK_COST 25
#define PATIENT_STEPS 4000000
#define PATIENT_COST 1000000
#define HEAP 65536

/* The classes of ECMA-262, which are not those of GRegex. Each ends with a range, so that a hyphen
 * that follows is one. */
#define DIGIT "0-9"
#define NO_DIGIT "\\x{0}-/:-\\x{10ffff}"
#define WORD "0-9A-Z_a-z"
#define NO_WORD "\\x{0}-/:-@\\[-\\^`{-\\x{10ffff}"
#define SPACE " \\x{a0}\\x{1680}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}" \
              "\\x{9}-\\x{d}\\x{2000}-\\x{200a}"
#define NO_SPACE "\\x{0}-\\x{8}\\x{e}-\\x{1f}!-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}" \
                 "\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}" \
                 "\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}"
#define BOUNDARY "(?:(?<=[" WORD "])(?![" WORD "])|(?<![" WORD "])(?=[" WORD "]))"
#define NO_BOUNDARY "(?:(?<=[" WORD "])(?=[" WORD "])|(?<![" WORD "])(?![" WORD "]))"

struct _RuntimeUseJsonSchemaPattern
{
  char   *text;
  GRegex *quick;
  GRegex *patient;
};

/* Turns what is written for ECMA-262 into what GRegex takes. */
typedef struct
{
  const char *cursor;
  GString    *out;
  guint       depth;          /* of groups */
  gboolean    in_class;
  gboolean    after_hyphen;   /* the last one was a hyphen that may make a range */
  gboolean    after_set;      /* the last one was an escape that means many characters */
} Translator;

/* The names of categories that GRegex knows by their initials only. */
static const struct
{
  const char *name;
  const char *initials;
} categories[] = {
  { "Cased_Letter", "L&" },
  { "Close_Punctuation", "Pe" },
  { "Connector_Punctuation", "Pc" },
  { "Control", "Cc" },
  { "Currency_Symbol", "Sc" },
  { "Dash_Punctuation", "Pd" },
  { "Decimal_Number", "Nd" },
  { "Enclosing_Mark", "Me" },
  { "Final_Punctuation", "Pf" },
  { "Format", "Cf" },
  { "Initial_Punctuation", "Pi" },
  { "LC", "L&" },
  { "Letter", "L" },
  { "Letter_Number", "Nl" },
  { "Line_Separator", "Zl" },
  { "Lowercase_Letter", "Ll" },
  { "Mark", "M" },
  { "Math_Symbol", "Sm" },
  { "Modifier_Letter", "Lm" },
  { "Modifier_Symbol", "Sk" },
  { "Nonspacing_Mark", "Mn" },
  { "Number", "N" },
  { "Open_Punctuation", "Ps" },
  { "Other", "C" },
  { "Other_Letter", "Lo" },
  { "Other_Number", "No" },
  { "Other_Punctuation", "Po" },
  { "Other_Symbol", "So" },
  { "Paragraph_Separator", "Zp" },
  { "Private_Use", "Co" },
  { "Punctuation", "P" },
  { "Separator", "Z" },
  { "Space_Separator", "Zs" },
  { "Spacing_Mark", "Mc" },
  { "Symbol", "S" },
  { "Titlecase_Letter", "Lt" },
  { "Unassigned", "Cn" },
  { "Uppercase_Letter", "Lu" },
  { "digit", "Nd" },
  { "punct", "P" },
};

static gboolean
fail (GError     **error,
      const char  *problem)
{
  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD, problem);

  return FALSE;
}

/* --- Escapes --- */

/* A hyphen beside what means many characters makes no range, and stands for itself. */
static void
begin_set (Translator *self)
{
  if (self->after_hyphen)
    g_string_insert_c (self->out, (gssize) self->out->len - 1, '\\');
  self->after_set = TRUE;
}

static void
append_class (Translator *self,
              const char *ranges)
{
  begin_set (self);
  if (self->in_class)
    g_string_append (self->out, ranges);
  else
    g_string_append_printf (self->out, "[%s]", ranges);
}

/* Reads @n hexadecimal digits. */
static gboolean
read_hex (const char *text,
          guint       n,
          gunichar   *character)
{
  *character = 0;
  for (guint i = 0; i < n; i++)
    {
      if (!g_ascii_isxdigit (text[i]))
        return FALSE;
      *character = *character * 16 + (gunichar) g_ascii_xdigit_value (text[i]);
    }

  return n > 0;
}

/* Behind \u: four digits, twice that for what does not fit in them, or any number in braces. */
static gboolean
read_unicode (Translator *self,
              gunichar   *character)
{
  gunichar low;

  if (*self->cursor == '{')
    {
      gsize length = strspn (self->cursor + 1, "0123456789abcdefABCDEF");

      if (length > 6 || self->cursor[length + 1] != '}' ||
          !read_hex (self->cursor + 1, (guint) length, character))
        return FALSE;
      self->cursor += length + 2;
      return g_unichar_validate (*character);
    }

  if (!read_hex (self->cursor, 4, character))
    return FALSE;
  self->cursor += 4;

  if ((*character & 0xfc00) == 0xd800 && strncmp (self->cursor, "\\u", 2) == 0 &&
      read_hex (self->cursor + 2, 4, &low) && (low & 0xfc00) == 0xdc00)
    {
      *character = 0x10000 + ((*character & 0x3ff) << 10) + (low & 0x3ff);
      self->cursor += 6;
    }

  return g_unichar_validate (*character);
}

static gboolean
translate_character (Translator  *self,
                     char         escape,
                     GError     **error)
{
  gunichar character = 0;
  gboolean is_fine;

  if (escape == 'u')
    {
      is_fine = read_unicode (self, &character);
    }
  else if (escape == 'x')
    {
      is_fine = read_hex (self->cursor, 2, &character);
      self->cursor += is_fine ? 2 : 0;
    }
  else
    {
      is_fine = g_ascii_isalpha (*self->cursor);
      character = (gunichar) *self->cursor & 31;
      self->cursor += is_fine ? 1 : 0;
    }

  if (!is_fine)
    return fail (error, "an escape with \\c, \\u or \\x names no character");
  g_string_append_printf (self->out, "\\x{%x}", character);

  return TRUE;
}

static gboolean
translate_property (Translator  *self,
                    char         escape,
                    GError     **error)
{
  gsize length = strcspn (self->cursor, "}");
  g_autofree char *content = NULL;
  const char *name;

  if (*self->cursor != '{' || self->cursor[length] != '}')
    return fail (error, "\\p is not followed by a name in braces");

  content = g_strndup (self->cursor + 1, length - 1);
  self->cursor += length + 1;
  if (content[strspn (content, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_=")] != '\0')
    return fail (error, "the name behind \\p is none");

  name = content;
  if (g_str_has_prefix (name, "General_Category=") || g_str_has_prefix (name, "gc="))
    name = strchr (name, '=') + 1;
  for (gsize i = 0; i < G_N_ELEMENTS (categories); i++)
    {
      if (strcmp (name, categories[i].name) == 0)
        name = categories[i].initials;
    }
  begin_set (self);
  g_string_append_printf (self->out, "\\%c{%s}", escape, name);

  return TRUE;
}

static gboolean
translate_reference (Translator  *self,
                     GError     **error)
{
  gsize length = strspn (self->cursor - 1, "0123456789");

  if (self->in_class)
    return fail (error, "a group is referred to inside brackets");

  g_string_append_printf (self->out, "\\g{%.*s}", (int) length, self->cursor - 1);
  self->cursor += length - 1;

  return TRUE;
}

/* What is not the same inside and outside of brackets, or not known at all. */
static gboolean
translate_letter (Translator  *self,
                  char         escape,
                  GError     **error)
{
  if (escape == 'b')
    g_string_append (self->out, self->in_class ? "\\x{8}" : BOUNDARY);
  else if (escape == 'B' && !self->in_class)
    g_string_append (self->out, NO_BOUNDARY);
  else if (escape == 'k' && !self->in_class && *self->cursor == '<')
    g_string_append (self->out, "\\k");
  /* Not of ECMA-262, but what others write for ^ and $. */
  else if (escape == 'A' && !self->in_class)
    g_string_append (self->out, "\\A");
  else if ((escape == 'z' || escape == 'Z') && !self->in_class)
    g_string_append (self->out, "\\z");
  else
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_INVALID_FIELD,
                   "the escape \\%c is not known", escape);
      return FALSE;
    }

  return TRUE;
}

static const char *
find_class (char escape)
{
  switch (escape)
    {
    case 'd':
      return DIGIT;
    case 'D':
      return NO_DIGIT;
    case 'w':
      return WORD;
    case 'W':
      return NO_WORD;
    case 's':
      return SPACE;
    case 'S':
      return NO_SPACE;
    default:
      return NULL;
    }
}

/* The cursor is behind the backslash. */
static gboolean
translate_escape (Translator  *self,
                  GError     **error)
{
  char escape = *self->cursor++;
  const char *class = find_class (escape);

  if (class != NULL)
    append_class (self, class);
  else if (escape == '\0')
    return fail (error, "it ends with a backslash");
  else if (escape == 'u' || escape == 'x' || escape == 'c')
    return translate_character (self, escape, error);
  else if (escape == 'p' || escape == 'P')
    return translate_property (self, escape, error);
  else if (escape >= '1' && escape <= '9')
    return translate_reference (self, error);
  else if (escape == '0')
    g_string_append (self->out, "\\x{0}");
  else if (escape == 'v')
    g_string_append (self->out, "\\x{b}");
  else if (strchr ("fnrt", escape) != NULL)
    g_string_append_printf (self->out, "\\%c", escape);
  else if (g_ascii_isalpha (escape))
    return translate_letter (self, escape, error);
  else if ((guchar) escape < 0x80)
    g_string_append_printf (self->out, "\\%c", escape);
  else
    g_string_append_c (self->out, escape);

  return TRUE;
}

/* --- The rest --- */

/* The cursor is behind a bracket that opens. */
static void
open_class (Translator *self)
{
  gboolean is_negated = *self->cursor == '^';

  self->cursor += is_negated ? 1 : 0;
  self->after_hyphen = self->after_set = FALSE;
  if (*self->cursor == ']')
    {
      self->cursor++;
      g_string_append (self->out, is_negated ? "[\\x{0}-\\x{10ffff}]" : "(?!)");
      return;
    }

  g_string_append (self->out, is_negated ? "[^" : "[");
  self->in_class = TRUE;
}

/* The cursor is behind a parenthesis that opens. What GRegex knows beyond ECMA-262 could do away
 * with the limits. */
static gboolean
open_group (Translator  *self,
            GError     **error)
{
  static const char * const kinds[] = { "?:", "?=", "?!", "?<", "?P<", "?i:", "?i)" };

  self->depth++;
  g_string_append_c (self->out, '(');
  if (*self->cursor == '*')
    return fail (error, "there is nothing in front of a * that it could repeat");
  if (*self->cursor != '?')
    return TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      if (!g_str_has_prefix (self->cursor, kinds[i]))
        continue;
      g_string_append (self->out, kinds[i]);
      self->cursor += strlen (kinds[i]);
      return TRUE;
    }

  return fail (error, "a group begins with (? in a way that is not known");
}

static void
translate_in_class (Translator *self,
                    char        c)
{
  if (c == '[' || (c == '-' && self->after_set))
    g_string_append_c (self->out, '\\');
  g_string_append_c (self->out, c);
  self->after_hyphen = c == '-' && !self->after_set;
  self->after_set = FALSE;
  self->in_class = c != ']';
}

/* What is in braces, but no number of times, stands for itself; not all versions of GRegex agree
 * on that. */
static gboolean
is_quantifier (const char *text)
{
  gsize min = strspn (text, "0123456789");
  gsize max = text[min] == ',' ? 1 + strspn (text + min + 1, "0123456789") : 0;

  return min > 0 && text[min + max] == '}';
}

static gboolean
translate_outside (Translator  *self,
                   char         c,
                   GError     **error)
{
  if (c == '[')
    open_class (self);
  else if (c == '(')
    return open_group (self, error);
  else if (c == ')' && self->depth == 0)
    return fail (error, "it closes a group that it did not open");
  else if (c == '{' && !is_quantifier (self->cursor))
    g_string_append (self->out, "\\{");
  else if (c == '.')
    g_string_append (self->out, "[^\\n\\r\\x{2028}\\x{2029}]");
  else
    g_string_append_c (self->out, c);

  self->depth -= c == ')' ? 1 : 0;

  return TRUE;
}

static gboolean
translate (const char  *text,
           GString     *out,
           GError     **error)
{
  Translator self = { .cursor = text, .out = out };

  while (*self.cursor != '\0')
    {
      char c = *self.cursor++;

      if (c == '\\')
        {
          self.after_set = FALSE;
          if (!translate_escape (&self, error))
            return FALSE;
          self.after_hyphen = FALSE;
        }
      else if (self.in_class)
        translate_in_class (&self, c);
      else if (!translate_outside (&self, c, error))
        return FALSE;
    }

  return TRUE;
}

/* --- Matching --- */

/* The steps are counted from each place anew where a match may begin, so there is only one, and
 * going on from there is part of the expression. */
static GRegex *
compile (const char  *translated,
         gboolean     is_anchored,
         guint        steps,
         GError     **error)
{
  g_autofree char *whole = g_strdup_printf ("(*LIMIT_MATCH=%u)(*LIMIT_HEAP=%u)%s(?:%s)",
                                            steps, HEAP, is_anchored ? "" : "(?s:.*?)",
                                            translated);
  g_autoptr(GError) inner = NULL;
  GRegex *regex = g_regex_new (whole, G_REGEX_ANCHORED | G_REGEX_DOLLAR_ENDONLY, 0, &inner);
  const char *reason;

  if (regex != NULL)
    return regex;

  /* The rest of the text repeats the expression. */
  reason = g_strrstr (inner->message, ": ");
  fail (error, reason != NULL ? reason + 2 : inner->message);

  return NULL;
}

RuntimeUseJsonSchemaPattern *
_runtime_use_json_schema_pattern_new (const char  *text,
                                      GError     **error)
{
  g_autoptr(RuntimeUseJsonSchemaPattern) self = g_new0 (RuntimeUseJsonSchemaPattern, 1);
  g_autoptr(GString) translated = g_string_new (NULL);
  gboolean is_anchored;

  if (strlen (text) > MAX_LENGTH)
    {
      g_set_error (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE,
                   "it is longer than %" G_GSIZE_FORMAT " bytes", MAX_LENGTH);
      return NULL;
    }

  self->text = g_strdup (text);
  if (!translate (text, translated, error))
    return NULL;

  is_anchored = text[0] == '^' && strchr (text, '|') == NULL;
  self->quick = compile (translated->str, is_anchored, QUICK_STEPS, error);
  if (self->quick == NULL)
    return NULL;
  self->patient = compile (translated->str, is_anchored, PATIENT_STEPS, error);
  if (self->patient == NULL)
    return NULL;

  return g_steal_pointer (&self);
}

void
_runtime_use_json_schema_pattern_free (RuntimeUseJsonSchemaPattern *self)
{
  g_clear_pointer (&self->quick, g_regex_unref);
  g_clear_pointer (&self->patient, g_regex_unref);
  g_free (self->text);
  g_free (self);
}

const char *
_runtime_use_json_schema_pattern_get_text (const RuntimeUseJsonSchemaPattern *self)
{
  return self->text;
}

gboolean
_runtime_use_json_schema_pattern_match (const RuntimeUseJsonSchemaPattern  *self,
                                        const char                         *text,
                                        gint64                             *budget,
                                        gboolean                           *is_match,
                                        GError                            **error)
{
  g_autoptr(GError) quick_error = NULL;
  g_autoptr(GError) patient_error = NULL;
  g_autoptr(GString) message = NULL;

  *budget -= QUICK_COST + (gint64) (strlen (text) / 16);
  *is_match = g_regex_match_full (self->quick, text, -1, 0, 0, NULL, &quick_error);
  if (quick_error == NULL)
    return TRUE;

  *budget -= PATIENT_COST;
  if (*budget >= 0)
    *is_match = g_regex_match_full (self->patient, text, -1, 0, 0, NULL, &patient_error);
  if (*budget >= 0 && patient_error == NULL)
    return TRUE;

  message = g_string_new ("It takes too long to match ");
  _runtime_use_json_quote (message, text);
  g_string_append (message, " with the pattern ");
  _runtime_use_json_quote (message, self->text);
  g_set_error_literal (error, RUNTIME_USE_ERROR, RUNTIME_USE_ERROR_TOO_LARGE, message->str);

  return FALSE;
}
