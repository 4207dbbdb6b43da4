import { Component, type FunctionComponent, h, type VNode } from "preact";

/** A component that is drawn again only when one of its properties is another value. */
export function once<Props extends object>(draw: FunctionComponent<Props>): (props: Props) => VNode {
  class Once extends Component<Props> {
    override shouldComponentUpdate(next: Readonly<Props>): boolean {
      const known: Readonly<Record<string, unknown>> = { ...this.props };
      return Object.entries(next).some(([name, value]) => !Object.is(known[name], value));
    }

    override render() {
      return h(draw, this.props);
    }
  }
  // Safe: who uses it sees a component of these properties.
  return (props) => h(Once as unknown as FunctionComponent<Props>, props) as VNode;
}
