/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of each container: sets of controls, classes, places.
 */
#include "audit/tally.h"

#include "lib/siphash.h"

#define KNOWN_SETS    ((size_t)8192)
#define CLASS_PLACES  ((size_t)2 * TALLY_CLASSES_MAX)
#define PLACES_FILLED (TALLY_PLACES / 8 * 7)

/* Which set the words of a record are, by the sum of their hashes. */
struct tally_known_set {
	uint64_t sum;
	uint32_t set;
	uint32_t flags;
};

struct tally_control_word {
	bool known;
	uint8_t state;
	int16_t control; /* -1: none of this framework */
};

static const uint8_t no_key[16];

/* ---- controls ---- */

static enum tally_state state_from(const char *text)
{
	static const struct {
		const char *text;
		enum tally_state state;
	} states[] = {
		{ "evidenced", TALLY_EVIDENCED },
		{ "configured", TALLY_CONFIGURED },
		{ "configured in part", TALLY_PARTLY },
		{ "audited", TALLY_AUDITED },
	};

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (streq(states[i].text, text))
			return states[i].state;
	return TALLY_NONE;
}

/* With a framework its controls are known; without, each that is named is one. */
static int16_t control_of(struct tally *t, const char *text, size_t len)
{
	const char *framework = t->options.framework;
	size_t skip = framework ? strlen(framework) + 1 : 0;

	if (framework && (len <= skip || text[skip - 1] != ':' || !starts_with(text, framework)))
		return -1;
	for (size_t i = 0; i < t->n_controls; i++)
		if (strlen(t->controls[i]) == len - skip &&
		    memcmp(t->controls[i], text + skip, len - skip) == 0)
			return (int16_t)i;
	if (framework)
		return -1;
	if (t->n_controls < TALLY_CONTROLS_MAX) {
		t->controls[t->n_controls] = strndup(text, len);
		if (t->controls[t->n_controls])
			return (int16_t)t->n_controls++;
	}
	t->controls_omitted++;
	return -1;
}

/* "PCI-DSS-4.0:1.3.2 configured" */
static struct tally_control_word control_word(struct tally *t, uint32_t number)
{
	struct tally_control_word *w = &t->control_words[number];
	const char *text = intern_text(&t->words, number), *space = strchr(text, ' ');

	if (!w->known) {
		w->known = true;
		w->control = -1;
		w->state = (uint8_t)(space ? state_from(space + 1) : TALLY_NONE);
		if (w->state != TALLY_NONE)
			w->control = control_of(t, text, (size_t)(space - text));
	}
	return *w;
}

static uint16_t find_set(struct tally *t, const struct tally_set *set)
{
	struct tally_set *grown;

	for (size_t i = 0; i < t->n_sets; i++)
		if (memcmp(&t->sets[i], set, sizeof(*set)) == 0)
			return (uint16_t)i;
	if (t->n_sets >= TALLY_SETS_MAX) {
		t->classes_omitted++;
		return 0;
	}
	grown = reallocarray(t->sets, t->n_sets + 1, sizeof(*grown));
	if (!grown)
		return 0;
	t->sets = grown;
	grown[t->n_sets] = *set;
	return (uint16_t)t->n_sets++;
}

static uint32_t flags_of(enum tally_state state)
{
	return state == TALLY_PARTLY      ? TALLY_IN_PART
	       : state == TALLY_EVIDENCED ? TALLY_ATTESTED
					  : 0;
}

uint16_t tally_set_of(struct tally *tally, const struct tally_record *record, uint32_t *ret_flags)
{
	struct tally_set set = { 0 };
	struct tally_known_set *known;
	uint64_t sum = 1;

	*ret_flags = 0;
	if (record->n_controls == 0)
		return 0;
	for (size_t i = 0; i < record->n_controls; i++)
		sum += siphash24(no_key, &record->controls[i], sizeof(record->controls[i]));
	known = &tally->known_sets[sum % KNOWN_SETS];
	if (known->sum == sum) {
		*ret_flags = known->flags;
		return (uint16_t)known->set;
	}
	for (size_t i = 0; i < record->n_controls; i++) {
		struct tally_control_word w = control_word(tally, record->controls[i]);

		*ret_flags |= flags_of(w.state);
		if (w.control >= 0 && set.states[w.control] < w.state)
			set.states[w.control] = w.state;
	}
	*known = (struct tally_known_set){ sum, find_set(tally, &set), *ret_flags };
	return (uint16_t)known->set;
}

uint16_t tally_set_of_points(struct tally *tally, uint32_t proved)
{
	struct tally_set set = { 0 };

	if (proved == tally->known_points.proved)
		return tally->known_points.set;
	for (size_t i = 0; i < tally->options.n_controls; i++) {
		uint32_t needed = tally->options.points[i];

		if (needed != 0 && (proved & needed) == needed)
			set.states[i] = TALLY_EVIDENCED;
	}
	tally->known_points.proved = proved;
	tally->known_points.set = find_set(tally, &set);
	return tally->known_points.set;
}

uint16_t tally_worse_set(struct tally *tally, uint16_t a, uint16_t b)
{
	struct tally_set set;

	if (a == b)
		return a;
	set = tally->sets[a];
	for (size_t i = 0; i < TALLY_CONTROLS_MAX; i++)
		if (set.states[i] < tally->sets[b].states[i])
			set.states[i] = tally->sets[b].states[i];
	return find_set(tally, &set);
}

uint16_t tally_common_set(struct tally *tally, uint16_t a, uint16_t b)
{
	struct tally_set set;

	if (a == b)
		return a;
	set = tally->sets[a];
	for (size_t i = 0; i < TALLY_CONTROLS_MAX; i++)
		if (tally->sets[b].states[i] == TALLY_NONE)
			set.states[i] = TALLY_NONE;
	return find_set(tally, &set);
}

/* ---- classes ---- */

#define CLASS_KEY_BYTES offsetof(struct tally_class, containers)

/* Class 0 is of what has no room. */
static uint32_t find_class(struct tally *t, const struct tally_class *class)
{
	size_t at = siphash24(no_key, class, CLASS_KEY_BYTES) % CLASS_PLACES;
	struct tally_class *grown;

	for (; t->class_index[at] != 0; at = (at + 1) % CLASS_PLACES)
		if (memcmp(&t->classes[t->class_index[at]], class, CLASS_KEY_BYTES) == 0)
			return t->class_index[at];
	if (t->n_classes >= TALLY_CLASSES_MAX) {
		t->classes_omitted++;
		return 0;
	}
	if ((t->n_classes & (t->n_classes - 1)) == 0) {
		grown = reallocarray(t->classes, 2 * t->n_classes, sizeof(*grown));
		if (!grown)
			return 0;
		t->classes = grown;
	}
	t->classes[t->n_classes] = *class;
	t->classes[t->n_classes].containers = 0;
	t->class_index[at] = (uint32_t)t->n_classes;
	return (uint32_t)t->n_classes++;
}

void tally_move(struct tally *tally, struct tally_place *place, const struct tally_class *to)
{
	uint32_t class = find_class(tally, to);

	if (place->class == class)
		return;
	if (tally->classes[place->class].containers > 0)
		tally->classes[place->class].containers--;
	tally->classes[class].containers++;
	place->class = class;
}

/* ---- places ---- */

uint64_t tally_container(const char *id, size_t len)
{
	uint64_t hash = siphash24(no_key, id, len);

	return hash ? hash : 1;
}

struct tally_place *tally_place_of(struct tally *tally, uint64_t container, uint32_t host)
{
	size_t at = container % TALLY_PLACES;
	struct tally_class begin = { .host = host };

	for (; tally->places[at].container != 0; at = (at + 1) % TALLY_PLACES)
		if (tally->places[at].container == container &&
		    tally->classes[tally->places[at].class].host == host)
			return &tally->places[at];
	if (tally->n_containers >= PLACES_FILLED)
		return NULL;
	tally->n_containers++;
	tally->places[at].container = container;
	tally->places[at].class = find_class(tally, &begin);
	tally->classes[tally->places[at].class].containers++;
	return &tally->places[at];
}

static bool has_any(const struct tally *tally, uint64_t container, uint32_t flags)
{
	size_t at = container % TALLY_PLACES;

	for (; tally->places[at].container != 0; at = (at + 1) % TALLY_PLACES)
		if (tally->places[at].container == container &&
		    (tally->classes[tally->places[at].class].flags & flags))
			return true;
	return false;
}

bool tally_has_decided(const struct tally *tally, uint64_t container)
{
	return has_any(tally, container, TALLY_RAN | TALLY_DENIED);
}

bool tally_knows(const struct tally *tally, uint64_t container)
{
	return has_any(tally, container, TALLY_RAN | TALLY_DENIED | TALLY_NOTED);
}

/* ---- what follows ---- */

enum tally_state tally_state_of(const struct tally *tally, const struct tally_class *class,
				size_t control)
{
	enum tally_state claimed = tally->sets[class->claimed].states[control];
	bool attested = (class->flags & TALLY_ATTESTED) &&
			!(class->flags & (TALLY_UNATTESTED | TALLY_DRIFT));

	if (claimed == TALLY_CONFIGURED && attested && !(class->flags & TALLY_BREAK_GLASS) &&
	    tally->sets[class->attested].states[control] == TALLY_EVIDENCED)
		return TALLY_EVIDENCED;
	if ((class->flags & TALLY_BREAK_GLASS) && claimed != TALLY_NONE)
		return TALLY_AUDITED;
	/* An admission is no attestation, whatever it says. */
	return claimed == TALLY_EVIDENCED ? TALLY_CONFIGURED : claimed;
}

/* The bit of the rule by which records fail the control; 0: there is none. */
static uint32_t rule_flag(const struct tally *tally, size_t control)
{
	for (size_t i = 0; i < tally->options.n_fails; i++)
		if (tally->options.fails[i].control == control)
			return (uint32_t)TALLY_FAILS << i;
	return 0;
}

bool tally_was_failed(const struct tally *tally, const struct tally_class *class, size_t control)
{
	return class->flags & rule_flag(tally, control);
}

/* A control that records fail is not failed by what a profile claims of it. */
bool tally_fails(const struct tally *tally, const struct tally_class *class, size_t control)
{
	enum tally_state state = tally_state_of(tally, class, control);

	if (!(class->flags & TALLY_RAN) || (class->flags & TALLY_EXEMPT) || state == TALLY_NONE ||
	    rule_flag(tally, control))
		return false;
	return state >= TALLY_PARTLY || (class->flags & TALLY_DRIFT);
}

uint32_t tally_failed_by(const struct tally *tally, const struct tally_record *record)
{
	uint32_t flags = 0;

	/* What was refused was not done, and what is exempt is told as that. */
	if (record->outcome == TALLY_REFUSED || record->outcome == TALLY_EXEMPTED)
		return 0;
	for (size_t i = 0; i < tally->options.n_fails; i++) {
		bool told = record->told >> i & 1, hit = record->hit >> i & 1;

		if ((tally->options.fails[i].events >> record->event & 1) && (hit || !told))
			flags |= (uint32_t)TALLY_FAILS << i;
	}
	return flags;
}

/* What a refusal, or a container without a profile, cannot have. */
static uint64_t fields_of_policy(const struct tally_options *o)
{
	static const char *const names[] = { "COAMING_CONFIG_DIGEST", "COAMING_POLICY_DIGEST",
					     "COAMING_PROFILE", "COAMING_RUNTIME" };
	uint64_t mask = 0;

	for (size_t i = 0; i < o->n_required; i++)
		for (size_t k = 0; k < ARRAY_SIZE(names); k++)
			if (streq(o->required[i], names[k]))
				mask |= UINT64_C(1) << i;
	return mask;
}

int tally_new(const struct tally_options *options, struct tally **ret, struct err *err)
{
	_cleanup_tally_ struct tally *t = calloc(1, sizeof(*t));

	if (!t || intern_new(&t->words, err) < 0)
		return err_oom(err);
	t->options = *options;
	t->of_policy = fields_of_policy(options);
	t->places = calloc(TALLY_PLACES, sizeof(*t->places));
	t->classes = calloc(1, sizeof(*t->classes));
	t->class_index = calloc(CLASS_PLACES, sizeof(*t->class_index));
	t->sets = calloc(1, sizeof(*t->sets));
	t->known_sets = calloc(KNOWN_SETS, sizeof(*t->known_sets));
	t->control_words = calloc(INTERN_MAX + 1, sizeof(*t->control_words));
	t->met = calloc(TALLY_CONTROLS_MAX, sizeof(*t->met));
	t->claimed = calloc(TALLY_CONTROLS_MAX, sizeof(*t->claimed));
	t->host_index = calloc(INTERN_MAX + 1, sizeof(*t->host_index));
	t->row_index = calloc((size_t)2 * TALLY_ROWS_MAX, sizeof(*t->row_index));
	if (!t->places || !t->classes || !t->class_index || !t->sets || !t->known_sets ||
	    !t->control_words || !t->met || !t->claimed || !t->row_index || !t->host_index)
		return err_oom(err);
	t->n_classes = t->n_sets = 1;
	for (size_t i = 0; i < options->n_controls; i++) {
		t->controls[t->n_controls] = strdup(options->controls[i]);
		if (!t->controls[t->n_controls++])
			return err_oom(err);
	}
	*ret = take_ptr(t);
	return 0;
}
