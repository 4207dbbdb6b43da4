/** The bundler replaces this import by a compiled module. */
declare module "@embedpdf/pdfium/pdfium.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
