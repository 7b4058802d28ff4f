/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON document as one page of HTML that needs nothing from elsewhere.
 */
#ifndef COAMING_CLI_PAGE_H
#define COAMING_CLI_PAGE_H

#include "lib/buf.h"

/*
 * A page that is a part of the program: the assembler reads it. `symbol` is what page_fill() is
 * given; the Makefile says of which object which page is a part.
 */
#define PAGE_INCLUDE(symbol, file)                                                                 \
	__asm__(".section .rodata\n" #symbol ":\n"                                                 \
		".incbin \"" file "\"\n"                                                           \
		".byte 0\n"                                                                        \
		".previous\n");                                                                    \
	extern const char symbol[] __attribute__((visibility("hidden")))

/*
 * Append the page to `out`. Four marks are replaced: @HASH@ by the hash of its script, since its
 * policy allows this script and no other; @STYLE@ by cli/page.css, @DATA@ by the document, @SCRIPT@
 * by cli/page.js.
 *
 * json    no text of it can end the element that it stands in
 * Errors  0, or -ENOMEM
 */
int page_fill(struct buf *out, const char *page, const char *json, size_t len);

#endif
