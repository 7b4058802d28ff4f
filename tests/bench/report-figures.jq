# SPDX-License-Identifier: Apache-2.0
#
# The same figures out of `coaming report --json`, in the form of report.jq.

def without_zeros: with_entries(select(.value != 0));

.totals as $t
| {
	events: ($t | {admit, deny, exempt, stop, exec, attest, drift, flow, gap, policy, head}
		| without_zeros),
	would: $t.wouldRefuse,
	kinds: ($t | {evidenced, configured, partly, audited, unconfined} | without_zeros),
	containers: $t.containers,
	controls: (reduce .controls[] as $c ({};
		.[$c.id | ltrimstr($framework + ":")] = ($c.containers | without_zeros))),
	by: (reduce .by[0].rows[] as $row ({};
		.[$row.value] = ($row | {admit, deny, exempt} | without_zeros)
			+ {containers: $row.containers})),
	hosts: (reduce .hosts[] as $h ({};
		.[$h.machineId] = {records: $h.records, missing: $h.chain.missing}))
}
