import tailwindcss from "@tailwindcss/vite";
import { defineConfig } from "vite";

export default defineConfig({
  base: "/static/",
  plugins: [tailwindcss()],
  build: {
    outDir: "dist", manifest: "manifest.json", target: "es2022",
    rollupOptions: { input: { main: "src/main.ts", playground: "src/playground/index.ts", job: "src/console/job.ts", admin: "src/styles/admin.css" } },
  },
});
