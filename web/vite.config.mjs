// How the two apps are built: the phone app under /app/ with its service worker, the desk under /desk/.
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import vue from "@vitejs/plugin-vue";
import { VitePWA } from "vite-plugin-pwa";

const here = dirname(fileURLToPath(import.meta.url));

/** Common to both. Nothing is inlined, so that the content policy can forbid what is inline. */
function shared(app, base, folder, out) {
  return {
    configFile: false,
    root: resolve(here, folder),
    base,
    publicDir: resolve(here, folder, "public"),
    cacheDir: resolve(here, "node_modules/.vite", app),
    logLevel: "warn",
    define: { __VUE_OPTIONS_API__: "true", __VUE_PROD_DEVTOOLS__: "false", __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false" },
    build: {
      outDir: resolve(out, app),
      emptyOutDir: true,
      target: "es2022",
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: false,
      chunkSizeWarningLimit: 2000,
      manifest: "manifest.json",
    },
  };
}

const manifest = {
  id: "/app/",
  name: "到岗 · 工地考勤",
  short_name: "到岗",
  description: "工地实名制手机打卡：无网可用，判定有因。",
  lang: "zh-CN",
  start_url: "/app/",
  scope: "/app/",
  display: "standalone",
  orientation: "portrait",
  background_color: "#ffffff",
  theme_color: "#0b3d5c",
  icons: [
    { src: "icon-192.png", sizes: "192x192", type: "image/png", purpose: "any" },
    { src: "icon-512.png", sizes: "512x512", type: "image/png", purpose: "any" },
    { src: "icon-maskable-512.png", sizes: "512x512", type: "image/png", purpose: "maskable" },
  ],
};

export function configurations(out) {
  const pwa = VitePWA({
    strategies: "injectManifest",
    srcDir: ".",
    filename: "worker.ts",
    injectRegister: false,
    manifest,
    injectManifest: { globPatterns: ["**/*.{js,css,html,png,svg}"], maximumFileSizeToCacheInBytes: 3_000_000 },
  });
  const phone = shared("app", "/app/", "phone", out);
  const desk = shared("desk", "/desk/", "desk", out);
  return [
    { ...phone, plugins: [vue(), pwa] },
    { ...desk, plugins: [vue()] },
  ];
}
