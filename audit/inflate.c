/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that journald compressed.
 */
#include "audit/inflate.h"

#include <dlfcn.h>
#include <endian.h>

/* lz4's own format has no length: journald puts 64 bits before it. */
#define LZ4_LENGTH 8

void inflate_done(struct inflate *inflate)
{
	if (inflate->zstd)
		(void)dlclose(inflate->zstd);
	if (inflate->lz4)
		(void)dlclose(inflate->lz4);
	free(inflate->text);
	*inflate = (struct inflate){ 0 };
}

/* POSIX has dlsym() answer a function as an object's address. */
static void *function_of(void **library, const char *name, const char *function)
{
	if (!*library)
		*library = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	return *library ? dlsym(*library, function) : NULL;
}

static bool inflate_zstd(struct inflate *in, const struct journal_data *d, size_t *ret_len)
{
	void *f;
	size_t n;

	if (!in->zstd_decompress) {
		f = function_of(&in->zstd, "libzstd.so.1", "ZSTD_decompress");
		memcpy(&in->zstd_decompress, &f, sizeof(f));
	}
	if (!in->zstd_decompress)
		return false;
	n = in->zstd_decompress(in->text, INFLATE_MAX, d->payload, d->len);
	*ret_len = n;
	return n <= INFLATE_MAX; /* an error is a number near the largest one */
}

static bool inflate_lz4(struct inflate *in, const struct journal_data *d, size_t *ret_len)
{
	uint64_t len = 0;
	void *f;

	if (!in->lz4_decompress) {
		f = function_of(&in->lz4, "liblz4.so.1", "LZ4_decompress_safe");
		memcpy(&in->lz4_decompress, &f, sizeof(f));
	}
	if (!in->lz4_decompress || d->len <= LZ4_LENGTH)
		return false;
	memcpy(&len, d->payload, sizeof(len));
	len = le64toh(len);
	*ret_len = (size_t)len;
	return len <= INFLATE_MAX &&
	       in->lz4_decompress(d->payload + LZ4_LENGTH, in->text, (int)(d->len - LZ4_LENGTH),
				  (int)INFLATE_MAX) == (int)len;
}

bool inflate_payload(struct inflate *inflate, struct journal_file *file, uint64_t offset,
		     const char **ret, size_t *ret_len)
{
	struct journal_data d = { 0 };
	struct err ignored = { 0 };

	if (!inflate->text)
		inflate->text = malloc(INFLATE_MAX);
	if (!inflate->text ||
	    journal_file_data(file, offset, JOURNAL_FILE_PAYLOAD_MAX, &d, &ignored) < 0 ||
	    d.len != d.size)
		return false;
	*ret = inflate->text;
	if (d.compression == JOURNAL_ZSTD)
		return inflate_zstd(inflate, &d, ret_len);
	return d.compression == JOURNAL_LZ4 && inflate_lz4(inflate, &d, ret_len);
}
