/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frameworks, read.
 */
#include "audit/rules.h"

#include <errno.h>
#include <fcntl.h>
#include <strings.h>

#include "audit/points.h"
#include "lib/buf.h"
#include "lib/file.h"

#define FILES_MAX 256

static const char *const evidences[] = {
	[RULE_NONE] = "none",       [RULE_PROFILE] = "profile",   [RULE_CHAIN] = "chain",
	[RULE_RECORDS] = "records", [RULE_COVERAGE] = "coverage", [RULE_CLOCK] = "clock",
	[RULE_EVENTS] = "events",
};
static_assert(ARRAY_SIZE(evidences) == RULES_, "a name for each");

const char *rule_evidence_name(enum rule_evidence evidence)
{
	return evidences[evidence];
}

void rules_free(struct rules **rules)
{
	if (!*rules)
		return;
	doc_free(&(*rules)->doc);
	free(*rules);
	*rules = NULL;
}

static int read_text(const struct doc *doc, const struct node *object, const char *key,
		     const char **ret, struct err *err)
{
	const struct node *node = node_get(object, key);

	*ret = "";
	return node ? node_read_string(doc, node, ret, err) : 0;
}

static int read_evidence(const struct doc *doc, const struct node *object, struct rule *rule,
			 struct err *err)
{
	const char *word;
	int r = read_text(doc, object, "evidence", &word, err);

	for (size_t i = 0; r == 0 && i < RULES_; i++)
		if (streq(evidences[i], word)) {
			rule->evidence = (enum rule_evidence)i;
			return 0;
		}
	return r < 0 ? r
		     : err_input(err, EBADMSG, "%s: evidence: there is no %s%s", WHERE(doc, object),
				 Q(word), SUGGESTION(word, evidences, RULES_));
}

static int read_points(const struct doc *doc, const struct node *object, struct rule *rule,
		       struct err *err)
{
	const char *word;
	uint32_t bit;
	int r;

	node_foreach (item, node_get(object, "points")) {
		r = node_read_string(doc, item, &word, err);
		if (r < 0)
			return r;
		bit = point_bit(word, strlen(word));
		if (!bit)
			return err_input(err, EBADMSG, "%s: nothing is proved of %s%s",
					 WHERE(doc, item), Q(word),
					 SUGGESTION(word, point_names, n_point_names));
		rule->points |= bit;
	}
	return 0;
}

static int read_lists(const struct doc *doc, const struct node *object, struct rule *rule,
		      struct err *err)
{
	enum event event;
	const char *word;
	int r;

	node_foreach (item, node_get(object, "requires")) {
		if (rule->n_required >= TALLY_REQUIRED_MAX)
			return err_input(err, EBADMSG, "%s: more than %d fields", WHERE(doc, item),
					 TALLY_REQUIRED_MAX);
		r = node_read_string(doc, item, &rule->required[rule->n_required++], err);
		if (r < 0)
			return r;
	}
	node_foreach (item, node_get(object, "events")) {
		r = node_read_string(doc, item, &word, err);
		if (r < 0)
			return r;
		if (!event_from_name(word, &event))
			return err_input(err, EBADMSG, "%s: there is no event %s", WHERE(doc, item),
					 Q(word));
		rule->events |= 1U << event;
	}
	return 0;
}

/* Both, or neither is there. */
static int read_fails_where(const struct doc *doc, const struct node *object, struct rule *rule,
			    struct err *err)
{
	static const char *const keys[] = { "field", "value" };
	const struct node *where = node_get(object, "failsWhere");
	int r;

	rule->fails_field = rule->fails_value = "";
	if (!where)
		return 0;
	r = node_expect(doc, where, NODE_OBJECT, err);
	r = r < 0 ? r : node_check_keys(doc, where, keys, ARRAY_SIZE(keys), err);
	r = r < 0 ? r : read_text(doc, where, "field", &rule->fails_field, err);
	r = r < 0 ? r : read_text(doc, where, "value", &rule->fails_value, err);
	if (r < 0)
		return r;
	if (rule->evidence != RULE_EVENTS)
		return err_input(err, EBADMSG,
				 "%s: \"failsWhere\" goes with \"evidence\": \"events\" alone",
				 WHERE(doc, where));
	if (!field_name_is_valid(rule->fails_field, strlen(rule->fails_field)) ||
	    !rule->fails_value[0] || strlen(rule->fails_value) > FIELD_NAME_MAX)
		return err_input(
			err, EBADMSG,
			"%s: \"failsWhere\" needs a \"field\" of records and its \"value\", "
			"of 1 to %d bytes",
			WHERE(doc, where), FIELD_NAME_MAX);
	return 0;
}

/* Each takes a bit. */
static int count_fails(const struct rules *rules, struct err *err)
{
	size_t n = 0;

	for (size_t i = 0; i < rules->n; i++)
		n += rules->v[i].fails_field[0] != '\0';
	return n <= TALLY_FAILS_MAX
		       ? 0
		       : err_input(err, EBADMSG, "%s: more than %d controls with \"failsWhere\"",
				   doc_name(rules->doc), TALLY_FAILS_MAX);
}

static int read_rule(struct rules *rules, const struct node *object, struct err *err)
{
	const struct doc *doc = rules->doc;
	struct rule *rule;
	int r;

	if (rules->n >= TALLY_CONTROLS_MAX)
		return err_input(err, EBADMSG, "%s: more than %d controls", WHERE(doc, object),
				 TALLY_CONTROLS_MAX);
	rule = &rules->v[rules->n++];
	r = node_expect(doc, object, NODE_OBJECT, err);
	r = r < 0 ? r : read_text(doc, object, "id", &rule->id, err);
	r = r < 0 ? r : read_text(doc, object, "title", &rule->title, err);
	r = r < 0 ? r : read_text(doc, object, "description", &rule->description, err);
	r = r < 0 ? r : read_text(doc, object, "why", &rule->why, err);
	r = r < 0 ? r : read_evidence(doc, object, rule, err);
	r = r < 0 ? r : read_lists(doc, object, rule, err);
	r = r < 0 ? r : read_points(doc, object, rule, err);
	r = r < 0 ? r : read_fails_where(doc, object, rule, err);
	if (r == 0 && !rule->id[0])
		return err_input(err, EBADMSG, "%s: a control without an id", WHERE(doc, object));
	return r;
}

int rules_parse(const char *name, const char *text, size_t len, struct rules **ret, struct err *err)
{
	_cleanup_rules_ struct rules *rules = calloc(1, sizeof(*rules));
	const struct node *root;
	int r;

	if (!rules)
		return err_oom(err);
	r = doc_parse(&rules->doc, name, text, len, err);
	if (r < 0)
		return r;
	root = doc_root(rules->doc);
	r = node_expect(rules->doc, root, NODE_OBJECT, err);
	r = r < 0 ? r : read_text(rules->doc, root, "framework", &rules->id, err);
	r = r < 0 ? r : read_text(rules->doc, root, "name", &rules->name, err);
	r = r < 0 ? r : read_text(rules->doc, root, "version", &rules->version, err);
	r = r < 0 ? r : read_text(rules->doc, root, "publisher", &rules->publisher, err);
	r = r < 0 ? r : read_text(rules->doc, root, "url", &rules->url, err);
	if (r < 0)
		return r;
	if (!rules->id[0])
		return err_input(err, EBADMSG, "%s: no \"framework\"", WHERE(rules->doc, root));
	node_foreach (control, node_get(root, "controls")) {
		r = read_rule(rules, control, err);
		if (r < 0)
			return r;
	}
	r = count_fails(rules, err);
	if (r < 0)
		return r;
	*ret = take_ptr(rules);
	return 0;
}

static bool is_framework(const char *file, const struct rules *rules, const char *name)
{
	size_t len = strlen(name);

	return strcasecmp(rules->id, name) == 0 ||
	       (strncasecmp(file, name, len) == 0 && strcasecmp(file + len, ".json") == 0);
}

static bool is_rules_file(const char *name)
{
	size_t len = strlen(name);

	return len > 5 && name[0] != '.' && streq(name + len - 5, ".json");
}

/* 1: found; 0: not here. */
static int look_in(const char *path, const char *name, struct rules **ret, struct buf *known,
		   struct err *err)
{
	_cleanup_(closedirp) DIR *dir = opendir(path);
	int n = 0;

	while (dir && n++ < FILES_MAX) {
		const struct dirent *entry = readdir(dir);
		_cleanup_rules_ struct rules *rules = NULL;
		_cleanup_free_ char *text = NULL;
		size_t len;
		int r;

		if (!entry)
			break;
		if (!is_rules_file(entry->d_name))
			continue;
		r = file_read(dirfd(dir), entry->d_name, FILE_MAX_BYTES, &text, &len, err);
		r = r < 0 ? r : rules_parse(entry->d_name, text, len, &rules, err);
		if (r < 0)
			return r;
		if (is_framework(entry->d_name, rules, name)) {
			*ret = take_ptr(rules);
			return 1;
		}
		if (known->len < 512)
			buf_addf(known, "%s%s", known->len ? ", " : "", rules->id);
	}
	return 0;
}

int rules_load(const char *const dirs[], size_t n_dirs, const char *name, struct rules **ret,
	       struct err *err)
{
	_cleanup_buf_ struct buf known = { 0 };

	for (size_t i = 0; i < n_dirs; i++) {
		int r = look_in(dirs[i], name, ret, &known, err);

		if (r != 0)
			return r < 0 ? r : 0;
	}
	if (buf_status(&known) < 0)
		return err_oom(err);
	if (known.len > 0)
		return err_input(err, ENOENT, "there is no framework %s (there are: %s)", Q(name),
				 known.data);
	return err_input(err, ENOENT,
			 "there is no framework %s, since %s has no file of one (make install, or "
			 "the package, puts them there)",
			 Q(name), Q(n_dirs > 0 ? dirs[n_dirs - 1] : "coaming"));
}
