/** Starts the phone app. */

import { createApp } from "vue";

import { language } from "../src/shared/words.js";
import App from "./App.vue";
import { router } from "./routes.js";
import { wakeUp } from "./state.js";
import "./styles.css";
import { register } from "./worker-life.js";

document.documentElement.lang = language.value;
createApp(App).use(router).mount("#app");
void wakeUp();
void register();
