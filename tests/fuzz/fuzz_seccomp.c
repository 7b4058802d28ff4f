/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two seccomp filters, a line "---" between them, and their meet: whatever one of them forbids it
 * forbids, whichever of them comes first, and met with one of them again it stays. The second one
 * may be in Docker's format, and is then taken for three containers.
 */
#include "profiles/filter.h"

#include "tests/fuzz/fuzz.h"

static bool parse(struct piece text, struct filter *ret)
{
	_cleanup_doc_ struct doc *doc = NULL;
	struct err err = { 0 };
	int r = doc_parse(&doc, "seccomp", text.text, text.len, &err);

	if (r == 0)
		r = filter_parse(doc, doc_root(doc), ret, &err);
	if (r < 0)
		must_tell(r, &err);
	return r == 0;
}

static void must_be_equal(const struct filter *a, const struct filter *b, const char *name,
			  const uint64_t args[6])
{
	must(action_compare(filter_eval(a, name, args), filter_eval(b, name, args)) == 0);
}

static void must_be_stricter(const struct filter *a, const struct filter *b, const char *name,
			     const uint64_t args[6])
{
	must(filter_eval(a, name, args).kind <= filter_eval(b, name, args).kind);
}

typedef void check_fn(const struct filter *a, const struct filter *b, const char *name,
		      const uint64_t args[6]);

/* Every call that one of both names, with arguments at the edges of what is compared. */
static void check_calls(const struct filter *a, const struct filter *b, const struct filter *names,
			check_fn *check)
{
	for (size_t i = 0; i < names->n_rules && i < 64; i++) {
		const struct filter_rule *rule = &names->rules[i];
		uint64_t args[6] = { 0 };

		check(a, b, rule->name, args);
		for (size_t k = 0; k < rule->n_args; k++) {
			const struct filter_arg *arg = &rule->args[k];

			for (uint64_t d = 0; d < 3; d++) {
				args[arg->index] = arg->value + d - 1;
				check(a, b, rule->name, args);
				args[arg->index] = arg->value_two + d - 1;
				check(a, b, rule->name, args);
			}
		}
	}
	check(a, b, "no_such_call", (uint64_t[6]){ 0 });
}

static void write_filter(const struct filter *filter, struct buf *out)
{
	struct emit e = EMIT(out);

	filter_emit(&e, filter);
	must(buf_status(out) == 0);
}

static void write_and_read(const struct filter *filter, struct buf *text, struct filter *ret)
{
	write_filter(filter, text);
	must(parse((struct piece){ text->data, text->len }, ret));
	check_calls(filter, ret, filter, must_be_equal);
}

/* Written and read it says the same, if in another order; from then on it is the same text. */
static void check_written(const struct filter *filter)
{
	_cleanup_buf_ struct buf first = { 0 }, second = { 0 }, third = { 0 };
	struct filter once = { 0 }, twice = { 0 };

	write_and_read(filter, &first, &once);
	write_and_read(&once, &second, &twice);
	write_filter(&twice, &third);
	must(streq(second.data, third.data));
	filter_done(&once);
	filter_done(&twice);
}

static void check_stricter(const struct filter *met, const struct filter *a, const struct filter *b)
{
	check_calls(met, a, a, must_be_stricter);
	check_calls(met, a, b, must_be_stricter);
	check_calls(met, b, a, must_be_stricter);
	check_calls(met, b, b, must_be_stricter);
}

static void check_meet(const struct filter *a, const struct filter *b)
{
	struct filter ab = { 0 }, ba = { 0 }, again = { 0 };
	struct err err = { 0 };
	int r = filter_meet(a, b, &ab, NULL, NULL, &err);

	if (r < 0) {
		must_tell(r, &err);
		err_clear(&err);
		must(filter_meet(b, a, &ba, NULL, NULL, &err) == r);
		return;
	}
	must_succeed(filter_meet(b, a, &ba, NULL, NULL, &err), &err);
	check_stricter(&ab, a, b);
	check_stricter(&ba, a, b);
	check_written(&ab);
	must_succeed(filter_meet(&ab, b, &again, NULL, NULL, &err), &err);
	must(filter_equal(&ab, &again));
	filter_done(&ab);
	filter_done(&ba);
	filter_done(&again);
}

/* For a container without capabilities on an unknown kernel, for one in between, for one with all.
 */
static void check_docker(const struct filter *a, struct piece text)
{
	static const struct {
		uint64_t caps;
		uint32_t kernel;
	} containers[] = { { 0, 0 },
			   { 0xaaaaaaaaaa, FILTER_KERNEL(4, 8) },
			   { UINT64_MAX, UINT32_MAX } };
	_cleanup_doc_ struct doc *doc = NULL;
	struct filter filter = { 0 };
	struct err err = { 0 };
	int r = doc_parse(&doc, "docker", text.text, text.len, &err);

	if (r == 0)
		r = filter_parse_profile(doc, doc_root(doc), &filter, &err);
	if (r < 0) {
		must_tell(r, &err);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(containers); i++) {
		struct filter b = { 0 };

		must_succeed(
			filter_resolve(&filter, containers[i].caps, containers[i].kernel, &b, &err),
			&err);
		must(!b.conditional);
		check_meet(a, &b);
		filter_done(&b);
	}
	filter_done(&filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct piece rest = { (const char *)data, size };
	struct piece text = next_piece(&rest);
	struct filter a = { 0 }, b = { 0 };

	if (parse(text, &a)) {
		check_written(&a);
		if (parse(rest, &b))
			check_meet(&a, &b);
		else
			check_docker(&a, rest);
	}
	filter_done(&a);
	filter_done(&b);
	return 0;
}
