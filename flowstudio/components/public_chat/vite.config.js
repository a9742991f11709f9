// Bundles the page of public chats. It stands beside the studio's build and shares its parts, but draws them with Preact.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  root: here("../.."),
  base: "/",
  publicDir: false,
  logLevel: "error",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  resolve: {
    alias: [
      { find: /^\.\.\/texts\/texts\.js$/, replacement: here("./texts.js") },
      { find: /^react-dom\/client$/, replacement: "preact/compat/client" },
      { find: /^react\/jsx-runtime$/, replacement: "preact/jsx-runtime" },
      { find: /^react(-dom)?$/, replacement: "preact/compat" },
    ],
  },
  build: {
    outDir: "build/client",
    emptyOutDir: false,
    manifest: "public-chat.json",
    modulePreload: false,
    rollupOptions: { input: here("./main.jsx"), output: { entryFileNames: "assets/public-chat-[hash].js", assetFileNames: "assets/public-chat-[hash][extname]" } },
  },
});
