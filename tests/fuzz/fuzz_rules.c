/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a report is told: the file of a framework, and a selector as --match takes it.
 */
#include "audit/rules.h"
#include "cli/report_scope.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const labels[] = { "app=web", "tier=a b", "x=" };
	struct piece rest = { (const char *)data, size };
	struct piece framework = next_piece(&rest), selector = next_piece(&rest);
	_cleanup_free_ char *text = strndup(selector.text, selector.len);
	_cleanup_(scope_done) struct scope scope = { 0 };
	_cleanup_rules_ struct rules *rules = NULL;
	struct err err = { 0 };
	int r = rules_parse("framework", framework.text, framework.len, &rules, &err);

	if (r < 0)
		must_tell(r, &err);
	must(r < 0 || (rules->id[0] && rules->n <= TALLY_CONTROLS_MAX));
	for (size_t i = 0; r == 0 && i < rules->n; i++)
		must(!rules->v[i].fails_field[0] == !rules->v[i].fails_value[0]);
	err_clear(&err);
	must(text);
	r = scope_match(&scope, text, &err);
	if (r < 0)
		must_tell(r, &err);
	else
		(void)scope_wants(&scope, labels, ARRAY_SIZE(labels));
	must(r < 0 || scope.match.n >= scope.n_labels);
	return 0;
}
