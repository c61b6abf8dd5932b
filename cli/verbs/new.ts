/** `utnet new`: a project that builds, tests and deploys as it stands. */
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { asUtnetError, UtnetError, aname } from '../../runtime/core/index.ts'
import { makeFolder } from '../../runtime/kv/files/index.ts'
import { templateFolder } from '../assets.ts'
import { textFlag, type Verb } from '../verb.ts'

const TEMPLATES = ['contract', 'function', 'function-js', 'operator']

function substitute(folder: string, name: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const text = readFileSync(path, 'utf8')
    if (text.includes('__NAME__')) writeFileSync(path, text.replaceAll('__NAME__', name))
  }
}

/** The guest is called as its folder is. */
function nameOf(folder: string): string {
  try {
    return aname(basename(folder).toLowerCase(), 'the folder')
  } catch (cause) {
    throw new UtnetError('usage', asUtnetError(cause).message, {
      hint: 'use letters, digits and dashes, a letter first: utnet new my-guest',
      cause,
    })
  }
}

export const newProject: Verb = {
  name: 'new',
  usage: 'new DIR --template contract|function|function-js|operator',
  summary: 'a project that builds, tests and deploys as it stands',
  options: { template: { type: 'string', short: 't' } },
  positionals: [1, 1],
  async run(context) {
    const template = textFlag(context, 'template') ?? 'contract'
    if (!TEMPLATES.includes(template)) throw new UtnetError('usage', `--template must be one of ${TEMPLATES.join(', ')}, got ${template}`)
    const folder = resolve(context.args[0] as string)
    const name = nameOf(folder)
    if (existsSync(folder) && readdirSync(folder).length > 0) throw new UtnetError('usage', `${folder} is not empty`)
    makeFolder(folder)
    cpSync(join(templateFolder(), template), folder, { recursive: true })
    // npm packs no file called .gitignore, so the template has it under another name.
    renameSync(join(folder, 'gitignore.txt'), join(folder, '.gitignore'))
    substitute(folder, name)
    context.say(
      `made ${folder}\nnext: utnet build ${context.args[0]} && utnet test ${context.args[0]}\n      utnet dev, and in another terminal: utnet deploy ${context.args[0]} --name ${name}`,
    )
    context.print({ dir: folder, name, template })
    return 0
  },
}
