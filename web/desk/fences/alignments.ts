/** Loads the line of an alignment's version. */

import type { Http } from "../../src/shared/http.js";
import { lineOf, type Line } from "./stations.js";

export async function loadedLine(http: Http, project_id: string, alignment_id: string, number: number, signal: AbortSignal | null = null): Promise<Line> {
  const path = { project_id, alignment_id };
  const until = signal === null ? {} : { signal };
  const told = await http.ask("get", "/admin/v1/projects/{project_id}/alignments/{alignment_id}", { path, ...until });
  const found = await http.ask("get", "/admin/v1/projects/{project_id}/alignments/{alignment_id}/versions/{number}", { path: { ...path, number }, ...until });
  return lineOf(alignment_id, told.name, told.prefix, found);
}
