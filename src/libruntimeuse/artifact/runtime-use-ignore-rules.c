/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime-use-ignore-rules-private.h"

#include <string.h>

#define DEFAULT_RULES \
  "node_modules/\n" \
  ".venv/\n" \
  ".env/\n" \
  "env/\n" \
  "venv/\n" \
  "dist/\n" \
  "__pycache__/\n" \
  "__pytest_cache__/\n" \
  ".pytest_cache/\n"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* A pattern is compiled to tokens. Those below 256 stand for that byte, those
 * from TOKEN_SET on for one byte of a set. None but a literal slash and
 * TOKEN_FOLDERS matches a slash. */
typedef guint16 Token;

enum
{
  TOKEN_ANY = 256,    /* one byte */
  TOKEN_STAR,         /* any number of bytes */
  TOKEN_FOLDERS,      /* any number of folders, each with the slash behind it */
  TOKEN_EVERYTHING,   /* all that is left */
  TOKEN_SET,
};

/* Which bytes are in it, one bit for each. */
typedef struct
{
  guint32 bits[256 / 32];
} Set;

typedef struct
{
  guint32  first;              /* in the tokens of all rules */
  guint32  n_tokens;
  gboolean is_kept;            /* !rule */
  gboolean is_directory_only;  /* rule/ */
  gboolean is_name;            /* without a slash: about the last part of the path */
} Rule;

struct _RuntimeUseIgnoreRules
{
  GArray   *rules;    /* (element-type Rule) */
  GArray   *tokens;   /* (element-type Token) */
  GArray   *sets;     /* (element-type Set) */
  gboolean  is_complete;
};

/* Each pair of brackets is three bytes at least. */
G_STATIC_ASSERT (TOKEN_SET + RUNTIME_USE_LIMIT_IGNORE_TEXT / 3 <= G_MAXUINT16);

/* The classes that [[:name:]] may name: as GLib has them, or bytes. None
 * depends on the locale. */
static const struct
{
  const char *name;
  guint16     type;
  const char *bytes;
} classes[] = {
  { "alnum", G_ASCII_ALNUM, NULL },
  { "alpha", G_ASCII_ALPHA, NULL },
  { "blank", 0, " \t" },
  { "cntrl", G_ASCII_CNTRL, NULL },
  { "digit", G_ASCII_DIGIT, NULL },
  { "graph", G_ASCII_GRAPH, NULL },
  { "lower", G_ASCII_LOWER, NULL },
  { "print", G_ASCII_PRINT, NULL },
  { "punct", G_ASCII_PUNCT, NULL },
  { "space", 0, " \t\n\r" },
  { "upper", G_ASCII_UPPER, NULL },
  { "xdigit", G_ASCII_XDIGIT, NULL },
};

static void
set_add (Set    *set,
         guint8  byte)
{
  set->bits[byte / 32] |= 1u << byte % 32;
}

static void
set_add_range (Set    *set,
               guint8  first,
               guint8  last)
{
  for (guint byte = first; byte <= last; byte++)
    set_add (set, byte);
}

static gboolean
set_add_class (Set        *set,
               const char *name,
               gsize       length)
{
  gsize i = 0;

  while (i < G_N_ELEMENTS (classes) &&
         (strlen (classes[i].name) != length || memcmp (classes[i].name, name, length) != 0))
    i++;
  if (i == G_N_ELEMENTS (classes))
    return FALSE;

  for (guint byte = 1; byte < 256; byte++)
    {
      if ((g_ascii_table[byte] & classes[i].type) != 0 ||
          (classes[i].bytes != NULL && strchr (classes[i].bytes, (int) byte) != NULL))
        set_add (set, byte);
    }

  return TRUE;
}

static void
set_close (Set      *set,
           gboolean  negated)
{
  if (negated)
    {
      for (gsize i = 0; i < G_N_ELEMENTS (set->bits); i++)
        set->bits[i] = ~set->bits[i];
    }

  set->bits['/' / 32] &= ~(1u << '/' % 32);
}

static void
append_token (RuntimeUseIgnoreRules *self,
              guint                  token)
{
  Token value = token;

  g_array_append_val (self->tokens, value);
}

/* Adds what stands at @p, the colon of "[:" within brackets. Returns where it
 * goes on, @p itself if this is no class, or `NULL` if nobody knows it. */
static const char *
parse_class (Set        *set,
             const char *p,
             const char *end)
{
  const char *close = memchr (p + 1, ']', end - p - 1);

  if (close == NULL)
    return NULL;
  if (close == p + 1 || close[-1] != ':')
    return p;

  return set_add_class (set, p + 1, close - p - 2) ? close + 1 : NULL;
}

/* Adds what stands at @p within brackets; @before is the byte there that may
 * begin a range, or 0. Returns where it goes on, or `NULL` if there is no end. */
static const char *
parse_set_item (Set        *set,
                const char *p,
                const char *end,
                guint8     *before)
{
  guint8 first = *before;
  gboolean is_range = *p == '-' && first != 0 && p + 1 < end && p[1] != ']';

  *before = 0;
  if (*p == '[' && p + 1 < end && p[1] == ':')
    {
      const char *next = parse_class (set, p + 1, end);

      if (next != p + 1)
        return next;
    }

  if (is_range)
    p++;
  if (*p == '\\' && ++p == end)
    return NULL;

  if (is_range)
    {
      set_add_range (set, first, *p);
    }
  else
    {
      set_add (set, *p);
      *before = *p;
    }

  return p + 1;
}

/* Compiles the brackets at @p. Returns what is behind them, or `NULL` if they
 * match nothing at all: they are not closed, or have an unknown class. */
static const char *
compile_set (RuntimeUseIgnoreRules *self,
             const char            *p,
             const char            *end)
{
  Set set = { 0 };
  guint8 before = 0;
  gboolean negated = FALSE;
  const char *first;

  p++;
  if (p < end && (*p == '!' || *p == '^'))
    {
      negated = TRUE;
      p++;
    }

  /* A bracket that comes first does not close. */
  first = p;
  while (p != NULL && p < end && (p == first || *p != ']'))
    p = parse_set_item (&set, p, end, &before);
  if (p == NULL || p >= end)
    return NULL;

  set_close (&set, negated);
  append_token (self, TOKEN_SET + self->sets->len);
  g_array_append_val (self->sets, set);

  return p + 1;
}

/* Compiles the stars at @p. Two or more are about folders if they stand where
 * a name begins and no part of a name follows. */
static const char *
compile_stars (RuntimeUseIgnoreRules *self,
               const char            *p,
               const char            *end,
               gboolean               is_start)
{
  gsize n = 0;

  while (p + n < end && p[n] == '*')
    n++;
  p += n;

  if (n == 1 || !is_start)
    {
      append_token (self, TOKEN_STAR);
    }
  else if (p == end)
    {
      append_token (self, TOKEN_EVERYTHING);
    }
  else if (*p == '/')
    {
      append_token (self, TOKEN_FOLDERS);
      p++;
    }
  else if (*p == '\\' && p + 1 < end && p[1] == '/')
    {
      /* With its slash escaped there has to be one folder. */
      append_token (self, TOKEN_STAR);
      append_token (self, '/');
      append_token (self, TOKEN_FOLDERS);
      p += 2;
    }
  else
    {
      append_token (self, TOKEN_STAR);
    }

  return p;
}

/* Returns what is behind the part of a pattern at @p, or `NULL` if it matches
 * nothing at all. */
static const char *
compile_part (RuntimeUseIgnoreRules *self,
              const char            *p,
              const char            *end,
              gboolean               is_start)
{
  switch (*p)
    {
    case '*':
      return compile_stars (self, p, end, is_start);

    case '[':
      return compile_set (self, p, end);

    case '?':
      append_token (self, TOKEN_ANY);
      return p + 1;

    case '\\':
      if (++p == end)
        return NULL;
      append_token (self, (guint8) *p);
      return p + 1;

    default:
      append_token (self, (guint8) *p);
      return p + 1;
    }
}

/* Returns `FALSE` if the pattern matches nothing at all. */
static gboolean
compile_pattern (RuntimeUseIgnoreRules *self,
                 const char            *pattern,
                 const char            *end)
{
  const char *p = pattern;
  const char *special = pattern;

  /* Git compares what comes before the first special byte by itself, and so
   * takes stars right there for the beginning of a name, too. */
  while (special < end && strchr ("*?[\\", *special) == NULL)
    special++;

  while (p != NULL && p < end)
    p = compile_part (self, p, end, p == special || (p > special && p[-1] == '/'));

  return p != NULL && p > pattern;
}

/* Adds the rule of a line that is neither empty nor a comment. */
static void
add_rule (RuntimeUseIgnoreRules *self,
          const char            *line,
          gsize                  length)
{
  Rule rule = { .first = self->tokens->len };

  if (*line == '!')
    {
      rule.is_kept = TRUE;
      line++;
      length--;
    }

  if (length > 0 && line[length - 1] == '/')
    {
      rule.is_directory_only = TRUE;
      length--;
    }

  rule.is_name = memchr (line, '/', length) == NULL;
  if (!rule.is_name && *line == '/')
    {
      line++;
      length--;
    }

  if (compile_pattern (self, line, line + length))
    {
      rule.n_tokens = self->tokens->len - rule.first;
      g_array_append_val (self->rules, rule);
    }
  else
    {
      g_array_set_size (self->tokens, rule.first);
    }
}

/* How long the line is without the spaces at its end that are not escaped. */
static gsize
trim_spaces (const char *line,
             gsize       length)
{
  gsize trimmed = 0;

  for (gsize i = 0; i < length; i++)
    {
      if (line[i] == ' ')
        continue;

      /* Like git: with half an escape at the end, spaces before it do not matter. */
      if (line[i] == '\\')
        i++;
      trimmed = MIN (i + 1, length);
    }

  return trimmed;
}

static void
add_line (RuntimeUseIgnoreRules *self,
          const char            *line,
          gsize                  length)
{
  if (length == 0 || *line == '#')
    return;

  if (line[length - 1] == '\r')
    length--;

  /* A NUL ends the line for git. */
  length = trim_spaces (line, strnlen (line, length));

  if (length > RUNTIME_USE_LIMIT_IGNORE_RULE ||
      self->rules->len == RUNTIME_USE_LIMIT_IGNORE_RULES)
    self->is_complete = FALSE;
  else if (length > 0)
    add_rule (self, line, length);
}

RuntimeUseIgnoreRules *
_runtime_use_ignore_rules_new (const char *text,
                               gsize       length)
{
  RuntimeUseIgnoreRules *self = g_atomic_rc_box_new0 (RuntimeUseIgnoreRules);
  gsize start = 0;

  self->rules = g_array_new (FALSE, FALSE, sizeof (Rule));
  self->tokens = g_array_new (FALSE, FALSE, sizeof (Token));
  self->sets = g_array_new (FALSE, FALSE, sizeof (Set));
  self->is_complete = TRUE;

  if (length >= strlen (BYTE_ORDER_MARK) &&
      memcmp (text, BYTE_ORDER_MARK, strlen (BYTE_ORDER_MARK)) == 0)
    start = strlen (BYTE_ORDER_MARK);

  while (start < length)
    {
      const char *newline = memchr (text + start, '\n', length - start);
      gsize end = newline != NULL ? (gsize) (newline - text) : length;

      if (end > RUNTIME_USE_LIMIT_IGNORE_TEXT)
        {
          self->is_complete = FALSE;
          break;
        }

      add_line (self, text + start, end - start);
      start = end + 1;
    }

  return self;
}

RuntimeUseIgnoreRules *
_runtime_use_ignore_rules_get_default (void)
{
  static gsize rules;

  if (g_once_init_enter (&rules))
    g_once_init_leave (&rules, (gsize) _runtime_use_ignore_rules_new (DEFAULT_RULES,
                                                                      strlen (DEFAULT_RULES)));

  return (RuntimeUseIgnoreRules *) rules;
}

RuntimeUseIgnoreRules *
_runtime_use_ignore_rules_ref (RuntimeUseIgnoreRules *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_rules (gpointer data)
{
  RuntimeUseIgnoreRules *self = data;

  g_array_unref (self->rules);
  g_array_unref (self->tokens);
  g_array_unref (self->sets);
}

void
_runtime_use_ignore_rules_unref (RuntimeUseIgnoreRules *self)
{
  g_atomic_rc_box_release_full (self, clear_rules);
}

gboolean
_runtime_use_ignore_rules_is_complete (RuntimeUseIgnoreRules *self)
{
  return self->is_complete;
}

static inline gboolean
token_matches (const Set *sets,
               Token      token,
               guint8     byte)
{
  if (token < 256)
    return token == byte;

  if (token >= TOKEN_SET)
    return (sets[token - TOKEN_SET].bits[byte / 32] >> byte % 32 & 1) != 0;

  return token == TOKEN_ANY && byte != '/';
}

/* A star takes as little as it can. When what follows does not match, only the
 * last star has to take more: what came before the folders of TOKEN_FOLDERS, or
 * before a star within a name, has ended as early as it could. */
static gboolean
match_tokens (const Set   *sets,
              const Token *token,
              const Token *end,
              const char  *text)
{
  const Token *after_star = NULL;
  const Token *after_folders = NULL;
  const char *star_text = NULL;
  const char *folders_text = NULL;

  while (token < end || *text != '\0')
    {
      /* No token is 0, and no byte of the text. */
      Token next = token < end ? *token : 0;

      if (next == TOKEN_EVERYTHING)
        {
          return TRUE;
        }
      else if (next == TOKEN_STAR)
        {
          after_star = ++token;
          star_text = text;
        }
      else if (next == TOKEN_FOLDERS)
        {
          after_folders = ++token;
          folders_text = text;
          after_star = NULL;
        }
      else if (*text == '\0')
        {
          /* Taking more leaves even less for the rest. */
          return FALSE;
        }
      else if (token_matches (sets, next, *text))
        {
          token++;
          text++;
        }
      else if (after_star != NULL && *star_text != '/')
        {
          token = after_star;
          text = ++star_text;
        }
      else if (after_folders != NULL && (folders_text = strchr (folders_text, '/')) != NULL)
        {
          token = after_folders;
          text = ++folders_text;
        }
      else
        {
          return FALSE;
        }
    }

  return TRUE;
}

static gboolean
rule_matches (RuntimeUseIgnoreRules *self,
              const Rule            *rule,
              const char            *path,
              const char            *name,
              gboolean               is_directory)
{
  const Token *tokens = &g_array_index (self->tokens, Token, rule->first);

  if (rule->is_directory_only && !is_directory)
    return FALSE;

  return match_tokens ((const Set *) (gpointer) self->sets->data,
                       tokens, tokens + rule->n_tokens,
                       rule->is_name ? name : path);
}

RuntimeUseIgnoreVerdict
_runtime_use_ignore_rules_match (RuntimeUseIgnoreRules *self,
                                 const char            *path,
                                 gboolean               is_directory)
{
  const char *slash = strrchr (path, '/');
  const char *name = slash != NULL ? slash + 1 : path;

  for (guint i = self->rules->len; i > 0; i--)
    {
      const Rule *rule = &g_array_index (self->rules, Rule, i - 1);

      if (rule_matches (self, rule, path, name, is_directory))
        return rule->is_kept ? RUNTIME_USE_IGNORE_KEPT : RUNTIME_USE_IGNORE_IGNORED;
    }

  return RUNTIME_USE_IGNORE_UNDECIDED;
}
