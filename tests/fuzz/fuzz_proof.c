/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel says of a process: six texts, with a path to look up in the second and the name
 * of a controller behind the fourth.
 */
#include "hooks/firewall_image.h"
#include "hooks/mountinfo.h"
#include "hooks/proof_internal.h"
#include "lib/path.h"

#include "tests/fuzz/fuzz.h"

/* A text for a parser that wants one that ends with NUL. */
static char *text_of(struct piece *rest)
{
	struct piece piece = next_piece(rest);
	char *text = strndup(piece.text ? piece.text : "", piece.len);

	must(text);
	return text;
}

static void try_status(struct piece *rest)
{
	_cleanup_free_ char *text = text_of(rest);
	struct proof_status status = { 0 };
	struct err err = { 0 };
	int r = status_parse(text, &status, &err);

	if (r < 0)
		must_tell(r, &err);
	must(r == 0 || (!status.groups && status.n_groups == 0));
	for (size_t i = 0; i < status.n_groups; i++)
		must(status.groups[i] <= UINT32_MAX);
	status_done(&status);
}

static void try_mountinfo(struct piece *rest)
{
	char *text = text_of(rest);
	_cleanup_free_ char *path = text_of(rest), *normal = path_normalise(path);
	_cleanup_mountinfo_ struct mountinfo mounts = { 0 };
	const struct mount *mount;
	struct err err = { 0 };
	int r = mountinfo_parse(text, &mounts, &err);

	must(normal);
	if (r < 0) {
		must_tell(r, &err);
		return;
	}
	mount = mountinfo_at(&mounts, normal);
	must(!mount || (mount >= mounts.v && mount < mounts.v + mounts.n));
	must(!mount || path_is_within(normal, mount->place));
	mount = mountinfo_root(&mounts);
	must(!mount || streq(mount->place, "/"));
}

static void try_cgroup(struct piece *rest)
{
	_cleanup_free_ char *text = text_of(rest), *controller = text_of(rest);
	struct cgroup_place place = { 0 };
	uint64_t v;

	if (controller[0] && cgroup_find(text, controller, &place)) {
		must(place.path[0] == '/');
		must(!strstr(place.path, "/.."));
	}
	(void)cgroup_value(text, &v);
}

static void try_id_map(struct piece *rest)
{
	_cleanup_free_ char *text = text_of(rest);
	struct id_range map[ID_RANGES_MAX];
	struct err err = { 0 };
	uint32_t outside;
	size_t n = 0;
	int r = id_map_parse(text, map, &n, &err);

	if (r < 0) {
		must_tell(r, &err);
		return;
	}
	must(id_map_is_within(map, n, map, n));
	for (size_t i = 0; i < n; i++)
		must(map[i].count == 0 || id_map_find(map, n, map[i].inside, &outside));
}

static void try_limits(struct piece *rest)
{
	_cleanup_free_ char *text = text_of(rest);
	char name[IMAGE_NAME_MAX];
	uint64_t soft, hard;

	(void)rlimit_find(text, "RLIMIT_NOFILE", &soft, &hard);
	must(!firewall_image_differs(text, text, name));
	(void)firewall_image_differs(text, "table 0\n", name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct piece rest = { (const char *)data, size };

	try_status(&rest);
	try_mountinfo(&rest);
	try_cgroup(&rest);
	try_id_map(&rest);
	try_limits(&rest);
	return 0;
}
