/** What a rule set says, line by line in words. Pure. */

import type { components } from "../../generated/api.js";
import { joined } from "../../src/shared/words.js";
import { count } from "../evidence/told.js";
import { say } from "../words/index.js";

export interface Line {
  readonly name: string;
  readonly says: string;
}

type Rules = components["schemas"]["AttendanceRatesRuleModelRuleBody"];

export function toldRules(rules: Rules, postName: (kind: string) => string): Line[] {
  const { valid_day: valid, due_day: due } = rules;
  const values = { punches: valid?.min_punches ?? 2, hours: count((valid?.apart_s ?? 0) / 3600, 1) };
  const lines: Line[] = [
    { name: say("rule_valid_day"), says: say(`rule_${valid?.kind ?? "punches_apart"}`, values) },
    {
      name: say("rule_due_day"),
      says: joined([
        say(`rule_due_${due?.days ?? "working"}`),
        ...(due?.less_stop_work === false ? [] : [say("rule_less_stop_work")]),
        ...(due?.less_leave === false ? [] : [say("rule_less_leave")]),
        ...(due?.begins_after_days ? [say("rule_begins_after", { days: due.begins_after_days })] : []),
        ...(due?.count_days_off === true ? [say("rule_count_days_off")] : []),
      ], "phrases"),
    },
  ];
  for (const one of rules.thresholds) {
    const wanted = joined([
      ...(one.min_share ? [say("rule_min_share", { share: count(one.min_share / 10, 1) })] : []),
      ...(one.min_days ? [say("rule_min_days", { days: one.min_days })] : []),
    ], "phrases");
    lines.push({ name: wanted, says: joined((one.posts as readonly string[]).map(postName)) });
  }
  if (rules.several_projects) {
    const { post, from_projects: from, days_a_week: days } = rules.several_projects;
    lines.push({ name: say("rule_several"), says: say("rule_several_says", { post: postName(post), from: from ?? 2, days: days ?? 3 }) });
  }
  if (rules.deputy) {
    lines.push({ name: say("rule_deputy"), says: say("rule_deputy_says", { holder: postName(rules.deputy.holder), deputy: postName(rules.deputy.deputy) }) });
  }
  lines.push({ name: say("rule_make_ups"), says: rules.make_ups_count === false ? say("rule_make_ups_not") : say("rule_make_ups_count") });
  return lines;
}
