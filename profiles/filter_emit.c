/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Write a filter as an OCI `seccomp` object.
 *
 * Calls without conditions are gathered by action, since a filter of an engine has 400 of them;
 * each rule with conditions stands alone. Within a group the order is that of the rules, so that
 * a filter from filter_meet(), whose rules are sorted, always gives the same text.
 */
#include "profiles/filter.h"

#include <ctype.h>
#include <errno.h>
#include <seccomp.h>

#include "profiles/filter_apart.h"
#include "profiles/filter_words.h"

/* Every architecture has it, no program needs it, and Linux 6.8 has taken it out. */
#define GUARD_CALL "lookup_dcookie"

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

/* Written even if empty: without the key crun, and runc from 1.2 on, add SPEC_ALLOW. */
static void emit_flags(struct emit *e, const struct filter *filter)
{
	emit_key(e, "flags");
	emit_array(e);
	for (size_t i = 0; i < filter->n_flags; i++)
		emit_string(e, filter->flags[i]);
	emit_array_end(e);
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

static void emit_apart(struct emit *e, const struct filter_rule *rule)
{
	struct filter_arg args[6];

	for (int i = 0; i < 2; i++) {
		const struct filter_rule half = filter_half(rule, i, args);

		emit_conditional(e, &half);
	}
}

static bool is_first_of_group(const struct filter *filter, size_t place)
{
	for (size_t i = 0; i < place; i++) {
		if (is_plain(&filter->rules[i], filter->rules[place].action))
			return false;
	}
	return true;
}

/* "SCMP_ARCH_X86_64"; 0 where this libseccomp does not know it. */
static uint32_t architecture_token(const char *word)
{
	char name[32] = "";

	word += strlen("SCMP_ARCH_");
	for (size_t i = 0; i < sizeof(name) - 1 && word[i]; i++)
		name[i] = (char)tolower((unsigned char)word[i]);
	return seccomp_arch_resolve_name(name);
}

/*
 * libseccomp 2.5.4 begins the part of an architecture with the call of the fewest conditions, and
 * where the architecture has no such call it forgets to load the number of the call: all rules of
 * that part are lost. A rule without conditions for a call that is there goes first.
 */
static bool loses_rules(const struct filter *filter, uint32_t token)
{
	bool lacks = false;

	for (size_t i = 0; i < filter->n_rules; i++) {
		const struct filter_rule *rule = &filter->rules[i];

		if (filter_skips(filter, rule))
			continue;
		if (seccomp_syscall_resolve_name_arch(token, rule->name) < 0)
			lacks = true;
		else if (rule->n_args == 0)
			return false;
	}
	return lacks;
}

static bool needs_guard(const struct filter *filter)
{
	/* Nothing is stricter than this default: losing rules makes nothing laxer. */
	if (filter->default_action.kind == ACT_KILL_PROCESS)
		return false;
	for (size_t i = 0; i < filter->n_architectures; i++) {
		uint32_t token = architecture_token(filter->architectures[i]);

		if (token != 0 && loses_rules(filter, token))
			return true;
	}
	return false;
}

static void emit_guard(struct emit *e, const struct filter *filter)
{
	struct action action = { .kind = filter->default_action.kind > ACT_ERRNO
						 ? ACT_ERRNO
						 : ACT_KILL_PROCESS };

	if (action.kind == ACT_ERRNO)
		action.ret = EPERM;
	emit_object(e);
	emit_key(e, "names");
	emit_array(e);
	emit_string(e, GUARD_CALL);
	emit_array_end(e);
	emit_action(e, "action", "errnoRet", action);
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
		const struct filter_rule *rule = &filter->rules[i];

		if (rule->n_args > 0 && rule->apart)
			emit_apart(e, rule);
		else if (rule->n_args > 0)
			emit_conditional(e, rule);
	}
	if (needs_guard(filter))
		emit_guard(e, filter);
	emit_array_end(e);
}

void filter_emit(struct emit *e, const struct filter *filter)
{
	emit_object(e);
	emit_action(e, "defaultAction", "defaultErrnoRet", filter->default_action);
	emit_strings(e, "architectures", filter->architectures, filter->n_architectures);
	emit_flags(e, filter);
	emit_text_if(e, "listenerPath", filter->listener_path);
	emit_text_if(e, "listenerMetadata", filter->listener_metadata);
	if (filter->n_rules > 0)
		emit_rules(e, filter);
	emit_object_end(e);
}
