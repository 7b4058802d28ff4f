/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile with many faults, as coaming check finds and shows them: text taken out and moved,
 * lines cut to the width of the first byte.
 */
#include "cli/caret.h"
#include "cli/faults.h"
#include "profiles/profile.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>

struct seen {
	const char *text; /* as it was */
	size_t len, columns, n;
};

static int no_file(void *arg, const char *relative_path, struct doc **ret, struct err *err)
{
	return err_input(err, ENOENT, "there is none");
}

static int parse(void *arg, const struct doc *doc, struct err *err)
{
	_cleanup_profile_ struct profile *profile = NULL;

	return profile_parse(doc, no_file, NULL, &profile, err);
}

/* Two lines, as wide as wanted, and nothing that a terminal would obey. */
static void check_shown(const struct seen *seen, const struct fault *fault)
{
	char *out = NULL;
	size_t n = 0;
	struct term term = { .out = open_memstream(&out, &n), .columns = seen->columns };

	must(term.out);
	caret_show(&term, seen->text, seen->len, fault->line, fault->column);
	must(fclose(term.out) == 0);
	for (size_t i = 0; i < n; i++)
		must((unsigned char)out[i] >= 0x20 || out[i] == '\n' || out[i] == '\t');
	must(n == 0 || (strchr(out, '^') && out[n - 1] == '\n'));
	free(out);
}

static void report(void *arg, const struct fault *fault)
{
	struct seen *seen = arg;

	must(++seen->n <= FAULTS_MAX && fault->text[0] != '\0');
	must(text_offset(seen->text, seen->len, fault->line, fault->column) <= seen->len);
	check_shown(seen, fault);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen seen = { .text = (const char *)data, .len = size };
	_cleanup_free_ char *copy = malloc(size + 1);

	must(copy);
	memcpy(copy, data, size);
	copy[size] = '\0';
	seen.columns = size > 0 ? 20 + data[0] : 0;
	faults_find("web.json", copy, size, parse, report, &seen);
	must(copy[size] == '\0');
	return 0;
}
