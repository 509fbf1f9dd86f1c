/** Vite builds it as a worker of its own and gives its address. */
declare module '*?worker&url' {
  const url: string
  // oxlint-disable-next-line import/no-default-export -- Vite's way
  export default url
}
