/** Colours of Element Plus' tags for verdicts on rates and for outcomes of punches. */

export type Tone = "success" | "warning" | "danger" | "info";

const TONES: Readonly<Record<string, Tone>> = {
  met: "success",
  met_if_counted: "warning",
  failed: "danger",
  counted: "success",
  review: "warning",
  refused: "danger",
};

/** The colour of a verdict or an outcome; what says nothing for or against has that of a remark. */
export function toneOf(code: string): Tone {
  return TONES[code] ?? "info";
}
