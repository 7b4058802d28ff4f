/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Do the engines' units let records through: journald looks at the unit of who sends, and takes
 * its rate limit and its highest level for all namespaces.
 *
 * Source: systemd.exec(5), LogRateLimitIntervalSec=, LogLevelMax=; /run/systemd/units, which is
 * where journald itself looks
 */
#include "cli/doctor.h"

#include <errno.h>
#include <fcntl.h>

#include "cli/below.h"
#include "cli/settings.h"
#include "lib/buf.h"

#define PRIORITY_OF_A_RECORD 5

static const char *const units[] = {
	"docker.service", "containerd.service",    "crio.service",
	"podman.service", "coaming-flush.service",
};

static const struct advice level_max = {
	.why = "an admission has the priority notice, an exemption warning: they do not reach the "
	       "journal from this unit",
	.remedy = "set LogLevelMax=notice, or debug, in a drop-in of the unit",
};
static const struct advice rate_limit = {
	.why = "what the unit sends beyond it is dropped, in every journal namespace; coaming "
	       "flush sends it again, later",
	.remedy = "set LogRateLimitIntervalSec=0 in a drop-in of the unit",
};
static const struct advice none_found = {
	.why = "what users start themselves has journald's own limits",
	.remedy = NULL,
};

/* What journald sees of a unit that runs: the target of a symbolic link. */
static bool in_force(const struct doctor *d, const char *what, const char *unit,
		     char out[AMOUNT_SIZE])
{
	_cleanup_close_ int fd = -1;
	char path[256];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/run/systemd/units/%s:%s", what, unit);
	fd = below_open(d->root_fd, path, O_PATH | O_NOFOLLOW);
	n = fd >= 0 ? readlinkat(fd, "", out, AMOUNT_SIZE - 1) : -1;
	if (n <= 0)
		return false;
	out[n] = '\0';
	return true;
}

/* A link's text overrides the files'. */
static void take_in_force(const struct doctor *d, const char *unit, int *level, uint64_t *interval,
			  uint64_t *burst)
{
	char text[AMOUNT_SIZE];

	if (in_force(d, "log-level-max", unit, text))
		*level = (int)strtol(text, NULL, 10);
	if (in_force(d, "log-rate-limit-interval", unit, text))
		*interval = strtoull(text, NULL, 10);
	if (in_force(d, "log-rate-limit-burst", unit, text))
		*burst = strtoull(text, NULL, 10);
}

static int check_unit(struct doctor *d, const char *unit, const struct settings *s, struct err *err)
{
	uint64_t interval = UINT64_MAX, burst = UINT64_MAX;
	int level = -1, r = 0;
	const struct setting *at_level = settings_level(s, "LogLevelMax", &level);
	const struct setting *at_rate = settings_usec(s, "LogRateLimitIntervalSec", &interval);
	const struct setting *at_burst = settings_number(s, "LogRateLimitBurst", &burst);
	bool limited, leveled;

	at_rate = at_burst ? at_burst : at_rate;
	take_in_force(d, unit, &level, &interval, &burst);
	leveled = level >= 0 && level < PRIORITY_OF_A_RECORD;
	/* What the unit leaves out it has from journald: then that is told there. */
	limited = (interval != UINT64_MAX || burst != UINT64_MAX) && interval != 0 && burst != 0;
	interval = interval == UINT64_MAX ? 30000000 : interval;
	burst = burst == UINT64_MAX ? 10000 : burst;
	if (leveled)
		r = doctor_add(d, FINDING_ERROR, "caller-level", &level_max, err,
			       "%s: only priorities up to %s: LogLevelMax (%s)", unit,
			       level_name(level), at_level ? at_level->file : "as it runs");
	if (r == 0 && limited)
		r = doctor_add(d, doctor_rate_severity(interval, burst), "caller-rate", &rate_limit,
			       err, "%s: about %llu entries in %s (%s)", unit,
			       (unsigned long long)burst, SPAN(interval),
			       at_rate ? at_rate->file : "as it runs");
	if (r == 0 && !limited && !leveled)
		r = doctor_add(d, FINDING_OK, "caller", NULL, err,
			       "%s: no level or rate limit of its own", unit);
	return r;
}

int doctor_callers(struct doctor *d, struct err *err)
{
	size_t found = 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < ARRAY_SIZE(units); i++) {
		_cleanup_settings_ struct settings s = { 0 };
		struct err cause = { 0 };

		r = settings_read_unit(&s, d->root_fd, units[i], "Service", &cause);
		found += r > 0;
		if (r < 0)
			r = doctor_add_unread(d, "caller", &cause, err);
		else if (r > 0)
			r = check_unit(d, units[i], &s, err);
	}
	if (r >= 0 && found == 0)
		r = doctor_add(d, FINDING_NOTE, "caller", &none_found, err,
			       "no unit of an engine was found");
	return r < 0 ? r : 0;
}
