/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write a filter as an OCI `seccomp` object.
 *
 * Calls without conditions are gathered by action, since a filter of an engine has 400 of them;
 * each rule with conditions stands alone. Within a group the order is that of the rules, so that
 * a filter from filter_meet(), whose rules are sorted, always gives the same text.
 */
#include "profiles/filter.h"

#include "profiles/filter_words.h"

static void emit_action(struct emit *e, const char *key, const char *ret_key, struct action action)
{
	emit_key(e, key);
	emit_string(e, filter_action_word(action.kind));
	if (action.kind != ACT_ERRNO && action.kind != ACT_TRACE)
		return;
	emit_key(e, ret_key);
	emit_u64(e, action.ret);
}

static void emit_strings(struct emit *e, const char *key, char *const *v, size_t n)
{
	if (n == 0)
		return;
	emit_key(e, key);
	emit_array(e);
	for (size_t i = 0; i < n; i++)
		emit_string(e, v[i]);
	emit_array_end(e);
}

static void emit_text(struct emit *e, const char *key, const char *text)
{
	if (!text)
		return;
	emit_key(e, key);
	emit_string(e, text);
}

static void emit_arg(struct emit *e, const struct filter_arg *arg)
{
	emit_object(e);
	emit_key(e, "index");
	emit_u64(e, arg->index);
	emit_key(e, "value");
	emit_u64(e, arg->value);
	if (arg->op == OP_MASKED_EQ) {
		emit_key(e, "valueTwo");
		emit_u64(e, arg->value_two);
	}
	emit_key(e, "op");
	emit_string(e, filter_op_word(arg->op));
	emit_object_end(e);
}

static bool is_plain(const struct filter_rule *rule, struct action action)
{
	return rule->n_args == 0 && action_compare(rule->action, action) == 0;
}

/* All calls that have this action without conditions, from rule `first` on. */
static void emit_group(struct emit *e, const struct filter *filter, size_t first)
{
	struct action action = filter->rules[first].action;

	emit_object(e);
	emit_key(e, "names");
	emit_array(e);
	for (size_t i = first; i < filter->n_rules; i++) {
		if (is_plain(&filter->rules[i], action))
			emit_string(e, filter->rules[i].name);
	}
	emit_array_end(e);
	emit_action(e, "action", "errnoRet", action);
	emit_object_end(e);
}

static bool is_first_of_group(const struct filter *filter, size_t place)
{
	for (size_t i = 0; i < place; i++) {
		if (is_plain(&filter->rules[i], filter->rules[place].action))
			return false;
	}
	return true;
}

static void emit_conditional(struct emit *e, const struct filter_rule *rule)
{
	emit_object(e);
	emit_key(e, "names");
	emit_array(e);
	emit_string(e, rule->name);
	emit_array_end(e);
	emit_action(e, "action", "errnoRet", rule->action);
	emit_key(e, "args");
	emit_array(e);
	for (size_t i = 0; i < rule->n_args; i++)
		emit_arg(e, &rule->args[i]);
	emit_array_end(e);
	emit_object_end(e);
}

static void emit_rules(struct emit *e, const struct filter *filter)
{
	emit_key(e, "syscalls");
	emit_array(e);
	for (size_t i = 0; i < filter->n_rules; i++) {
		if (filter->rules[i].n_args == 0 && is_first_of_group(filter, i))
			emit_group(e, filter, i);
	}
	for (size_t i = 0; i < filter->n_rules; i++) {
		if (filter->rules[i].n_args > 0)
			emit_conditional(e, &filter->rules[i]);
	}
	emit_array_end(e);
}

void filter_emit(struct emit *e, const struct filter *filter)
{
	emit_object(e);
	emit_action(e, "defaultAction", "defaultErrnoRet", filter->default_action);
	emit_strings(e, "architectures", filter->architectures, filter->n_architectures);
	emit_strings(e, "flags", filter->flags, filter->n_flags);
	emit_text(e, "listenerPath", filter->listener_path);
	emit_text(e, "listenerMetadata", filter->listener_metadata);
	if (filter->n_rules > 0)
		emit_rules(e, filter);
	emit_object_end(e);
}
