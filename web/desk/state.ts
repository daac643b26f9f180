/** Who is logged in at the desk, and how the API is asked in that name. */

import { Http } from "../src/shared/http.js";
import { Session } from "../src/shared/session.js";
import { language } from "../src/shared/words.js";

export const session = new Session("desk", "/admin/v1/session/refresh");
export const http = new Http({ token: (stale) => session.token(stale), language: () => language.value });
