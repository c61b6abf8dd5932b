// The part of jco that makes and prints components, without its bundler and command line.
import { $init, tools } from '../node_modules/@bytecodealliance/jco/obj/wasm-tools.js'

const ready =
  (name) =>
  async (...args) => {
    await $init
    return tools[name](...args)
  }

export const componentEmbed = ready('componentEmbed')
export const componentNew = ready('componentNew')
export const componentWit = ready('componentWit')
