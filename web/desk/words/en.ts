/** Words of the desk in English. */

import { fences } from "./fences.en.js";
import { bulletins } from "./bulletins.en.js";
import { figures } from "./figures.en.js";
import { ledger } from "./ledger.en.js";
import { rates } from "./rates.en.js";
import { reviews } from "./reviews.en.js";
import type { Key } from "./zh-CN.js";

export const en: Readonly<Record<Key, string>> = {
  ...fences,
  ...bulletins,
  ...figures,
  ...ledger,
  ...rates,
  ...reviews,
  app: "Daogang desk",
  log_in: "Log in",
  logging_in: "Logging in…",
  user_name: "Account",
  password: "Password",
  log_out: "Log out",
  menu: "Menu",
  skip_menu: "Skip to the content",
  reload: "Reload",
  no_areas_title: "Your account has nothing to do at the desk",
  no_areas_advice: "The desk is for supervisors, project admins and auditors. Key personnel check in with the phone app. If something is missing here, ask whoever opened your account to look at its roles and what they reach.",
  projects: "Projects",
  project_name: "Name",
  registration_no: "Registration no.",
  site_mode: "Checked in by",
  site_mode_gate: "gates",
  site_mode_phone: "phones",
  site_mode_either: "gates or phones",
  no_projects: "Your account has no projects",
  no_projects_advice: "City or district open them and name your company there.",
  more: "More",
  loading: "Loading…",
  retry: "Try again",
  code_of_error: "Error code: {code}",
  offline_title: "The server cannot be reached",
  offline_advice: "Check the network and try again.",
  logged_out_title: "You are logged out",
  logged_out_advice: "Please log in again.",
  unexpected_title: "Something unexpected happened",
  unexpected_advice: "Reload the page; if it stays, tell the operators the error code.",
};
