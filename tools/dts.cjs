/** Rolls the declarations that tsc makes of the modules into one file beside each of the two entries (npm run types). */

const entry = (name, output) => ({
  filePath: `../build/types/${name}.d.ts`,
  outFile: `../site/static/js/rtc/${name}.d.ts`,
  noCheck: true,
  output: { noBanner: true, sortNodes: true, ...output },
});

module.exports = {
  compilationOptions: { preferredConfigPath: "./types.json" },
  entries: [
    entry("index", { umdModuleName: "rtc" }),
    // Its modules name the types that a page may use; the rest would be exported twice.
    entry("tce", { exportReferencedTypes: false }),
  ],
};
