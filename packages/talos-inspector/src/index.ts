/** The inspector as a library: for programs that have a terminal and an open entry of their own. */
export { Inspector } from './inspector.ts'
export { main, show, type Terminal } from './main.ts'
