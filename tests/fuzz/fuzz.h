/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every fuzzer shares. A fuzzer is one file fuzz_NAME.c with LLVMFuzzerTestOneInput() and a
 * folder corpus/NAME of inputs to begin with. It includes the real parser, and beside crashes it
 * looks for answers that cannot be right.
 *
 * Two programs are made of it: with driver.c one that ends by itself ("make check"), with clang's
 * libFuzzer one that learns ("make fuzz").
 */
#ifndef COAMING_TESTS_FUZZ_H
#define COAMING_TESTS_FUZZ_H

#include "lib/err.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold whatever the input is. */
#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			(void)fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__,    \
				      #condition);                                                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* A failure tells why, in one line that any terminal can show; with FUZZ_TELL set it is shown. */
static inline void must_tell(int r, const struct err *err)
{
	must(r < 0);
	must(err->class == ERR_INPUT || err->class == ERR_REFUSED || err->class == ERR_SYSTEM);
	must(err->text[0]);
	for (const char *s = err->text; *s; s++)
		must((unsigned char)*s >= 0x20 && *s != 0x7f);
	if (getenv("FUZZ_TELL"))
		(void)fprintf(stderr, "%s\n", err->text);
}

/* No input may make this fail. */
static inline void must_succeed(int r, const struct err *err)
{
	if (r < 0)
		(void)fprintf(stderr, "failed with %d: %s\n", r, err->text);
	must(r == 0);
}

/* An input of several texts: lines "---" stand between them. */
struct piece {
	const char *text;
	size_t len;
};

/* Take the next text off; an empty one where there is none. */
static inline struct piece next_piece(struct piece *rest)
{
	static const char mark[] = "\n---\n";
	const char *end = rest->len > 0 ? memmem(rest->text, rest->len, mark, 5) : NULL;
	struct piece piece = { rest->text, end ? (size_t)(end - rest->text) : rest->len };
	size_t gone = piece.len + (end ? 5 : 0);

	rest->text += gone;
	rest->len -= gone;
	return piece;
}

/* The whole of a file of ours: the fuzzers run in the root of the tree. */
static inline char *fuzz_file(const char *path, size_t *ret_len)
{
	_cleanup_fclose_ FILE *f = fopen(path, "re");
	char *text = malloc((size_t)1 << 20);

	must(f && text);
	*ret_len = fread(text, 1, ((size_t)1 << 20) - 1, f);
	text[*ret_len] = '\0';
	return text;
}

#endif
