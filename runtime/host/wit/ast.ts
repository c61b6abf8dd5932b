/** The syntax tree of WIT text, names not yet followed. */

export interface WitPath {
  /** `utnet:host`, or undefined for an interface of the same package. */
  readonly package: string | undefined
  readonly name: string
  readonly version: string | undefined
  readonly at: number
}

export type TypeNode =
  | { readonly kind: 'primitive'; readonly name: string; readonly at: number }
  | { readonly kind: 'name'; readonly name: string; readonly at: number }
  | { readonly kind: 'list' | 'option'; readonly inner: TypeNode; readonly at: number }
  | { readonly kind: 'result'; readonly ok: TypeNode | undefined; readonly err: TypeNode | undefined; readonly at: number }
  | { readonly kind: 'tuple'; readonly items: readonly TypeNode[]; readonly at: number }
  | { readonly kind: 'own' | 'borrow'; readonly resource: string; readonly at: number }

export interface FieldNode {
  readonly name: string
  readonly type: TypeNode
}

export interface FunctionNode {
  readonly name: string
  readonly params: readonly FieldNode[]
  readonly result: TypeNode | undefined
}

export interface MethodNode {
  readonly kind: 'constructor' | 'method' | 'static'
  readonly func: FunctionNode
}

export type TypeDefinition =
  | { readonly kind: 'alias'; readonly name: string; readonly type: TypeNode; readonly at: number }
  | { readonly kind: 'record'; readonly name: string; readonly fields: readonly FieldNode[]; readonly at: number }
  | {
      readonly kind: 'variant'
      readonly name: string
      readonly cases: readonly { readonly name: string; readonly type: TypeNode | undefined }[]
      readonly at: number
    }
  | { readonly kind: 'enum' | 'flags'; readonly name: string; readonly names: readonly string[]; readonly at: number }
  | { readonly kind: 'resource'; readonly name: string; readonly methods: readonly MethodNode[]; readonly at: number }

export interface UseNode {
  readonly from: WitPath
  readonly names: readonly { readonly name: string; readonly as: string; readonly at: number }[]
}

export interface InterfaceNode {
  readonly name: string
  readonly uses: readonly UseNode[]
  readonly types: readonly TypeDefinition[]
  readonly functions: readonly FunctionNode[]
  readonly at: number
}

export type WorldItemNode =
  | { readonly kind: 'path'; readonly path: WitPath }
  | { readonly kind: 'function'; readonly func: FunctionNode }
  | { readonly kind: 'interface'; readonly interface: InterfaceNode }

export interface WorldNode {
  readonly name: string
  readonly uses: readonly UseNode[]
  readonly types: readonly TypeDefinition[]
  readonly includes: readonly WitPath[]
  readonly imports: readonly WorldItemNode[]
  readonly exports: readonly WorldItemNode[]
  readonly at: number
}

export interface PackageNode {
  /** `utnet:host` */
  readonly name: string
  readonly version: string | undefined
  readonly interfaces: readonly InterfaceNode[]
  readonly worlds: readonly WorldNode[]
  /** The package's items as text, without its header. */
  readonly body: string
  readonly source: string
  readonly text: string
}
