/** Starts the desk: what project admins and supervisors work at. */

import { createApp } from "vue";

import { language } from "../src/shared/words.js";
import App from "./App.vue";
import { router } from "./routes.js";
import "./styles.css";
import "./fences.css";
import "./evidence/evidence.css";

document.documentElement.lang = language.value;
createApp(App).use(router).mount("#app");
