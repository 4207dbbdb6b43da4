/** The bundler gives a compiled module for it. */
declare module "@embedpdf/pdfium/pdfium.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
