/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <glib.h>

G_BEGIN_DECLS

#define RUNTIME_USE_LIBARCHIVE_FUNCTIONS(F) \
  F (archive_entry_clear) \
  F (archive_entry_filetype) \
  F (archive_entry_free) \
  F (archive_entry_hardlink) \
  F (archive_entry_is_encrypted) \
  F (archive_entry_mtime) \
  F (archive_entry_mtime_is_set) \
  F (archive_entry_mtime_nsec) \
  F (archive_entry_new) \
  F (archive_entry_pathname) \
  F (archive_entry_perm) \
  F (archive_entry_set_filetype) \
  F (archive_entry_set_mtime) \
  F (archive_entry_set_pathname) \
  F (archive_entry_set_perm) \
  F (archive_entry_set_size) \
  F (archive_entry_set_symlink) \
  F (archive_entry_size) \
  F (archive_entry_size_is_set) \
  F (archive_entry_symlink) \
  F (archive_error_string) \
  F (archive_read_data_block) \
  F (archive_read_free) \
  F (archive_read_new) \
  F (archive_read_next_header) \
  F (archive_read_open1) \
  F (archive_read_set_callback_data) \
  F (archive_read_set_read_callback) \
  F (archive_read_set_seek_callback) \
  F (archive_read_set_skip_callback) \
  F (archive_read_support_filter_bzip2) \
  F (archive_read_support_filter_compress) \
  F (archive_read_support_filter_gzip) \
  F (archive_read_support_filter_lz4) \
  F (archive_read_support_filter_lzip) \
  F (archive_read_support_filter_lzma) \
  F (archive_read_support_filter_xz) \
  F (archive_read_support_filter_zstd) \
  F (archive_read_support_format_7zip) \
  F (archive_read_support_format_tar) \
  F (archive_read_support_format_zip_seekable) \
  F (archive_set_error) \
  F (archive_write_close) \
  F (archive_write_data) \
  F (archive_write_free) \
  F (archive_write_header) \
  F (archive_write_new) \
  F (archive_write_open_fd) \
  F (archive_write_set_bytes_in_last_block) \
  F (archive_write_set_bytes_per_block) \
  F (archive_write_set_format_zip) \
  F (archive_write_zip_set_compression_store)

#define RUNTIME_USE_LIBARCHIVE_MEMBER(name) __typeof__ (name) *name;

/* What we use of libarchive. It and the dozen libraries that it needs take as long to load as all
 * the others together, so it is loaded when the first archive comes, and then stays. */
typedef struct
{
  RUNTIME_USE_LIBARCHIVE_FUNCTIONS (RUNTIME_USE_LIBARCHIVE_MEMBER)
} RuntimeUseLibarchive;

#undef RUNTIME_USE_LIBARCHIVE_MEMBER

/* From any thread. What was not to be had is looked for again the next time. */
gboolean _runtime_use_libarchive_load (GError **error);

/* Of use only once it is loaded. */
extern RuntimeUseLibarchive _runtime_use_libarchive;

G_END_DECLS
