// A typed event emitter: the listeners of one object, in the order in which they were added.
// `Own` are the events of the object itself, `User` those that its user names (a socket's events).
// A listener that throws stops neither the other listeners nor the connection: its error is rethrown on its own
// microtask, so it reaches `window.onerror` or Node's `uncaughtException`.

/** The arguments of event `K`: those of the object's own event when there is one, else those of the user's. */
export type EventArgs<Own, User, K> = K extends keyof Own
  ? FunctionArgs<Own[K]>
  : K extends keyof User
    ? FunctionArgs<User[K]>
    : never;

/** The parameters of a function type. */
export type FunctionArgs<F> = F extends (...args: infer A) => unknown ? A : never;

/** The names of a map's events. */
export type EventName<Events> = Extract<keyof Events, string>;

/** A map of events for those who do not type them: any name, any arguments. */
export interface DefaultEvents {
  [event: string]: (...args: unknown[]) => void;
}

/** A listener whose arguments are not known here. */
export type AnyListener = (...args: never[]) => void;

/** Calls `listener` as a method of `self` and keeps what it throws away from the caller. */
export function invoke(self: unknown, listener: AnyListener, args: readonly unknown[]): void {
  try {
    listener.apply(self, args as never[]);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** A listener that removes itself, and the one it stands for. */
type Once = AnyListener & { _of?: AnyListener };

/** The list without the first registration of a listener, or an empty one. Never changes a list: it may be in use. */
export function without<L extends Once>(listeners: L[], listener?: AnyListener): L[] {
  const index = listeners.findIndex((other) => other === listener || other._of === listener);
  return listener ? listeners.filter((_, at) => at !== index) : [];
}

/** Most events of a session are heard by nobody; lists are never changed. */
const NOBODY: Once[] = [];

/** An object with events. */
export class Emitter<Own extends object, User extends object = Own> {
  // Made by the first listener: most objects of a large number of connections never have one.
  private _listeners: Map<string, Once[]> | undefined;

  /** Adds a listener; one that is added twice is called twice. */
  on<K extends EventName<Own> | EventName<User>, A extends EventArgs<Own, User, K>>(
    event: K,
    listener: (...args: A) => void,
  ): this {
    this._listeners ??= new Map();
    this._listeners.set(event, [...this._listenersOf(event), listener as unknown as AnyListener]);
    return this;
  }

  /** Adds a listener that is removed before its first call. */
  once<K extends EventName<Own> | EventName<User>, A extends EventArgs<Own, User, K>>(
    event: K,
    listener: (...args: A) => void,
  ): this {
    const once = (...args: A) => {
      this.off(event, once as unknown as AnyListener);
      listener.apply(this, args);
    };
    once._of = listener;
    return this.on(event, once);
  }

  /** Removes one listener (its oldest registration), all of an event, or all. */
  off<K extends EventName<Own> | EventName<User>>(event?: K, listener?: AnyListener): this {
    if (event === undefined) this._listeners = undefined;
    else {
      const left = without(this._listenersOf(event), listener);
      if (left[0]) this._listeners?.set(event, left);
      else this._listeners?.delete(event);
    }
    return this;
  }

  /** The same as `on`. */
  addEventListener<K extends EventName<Own> | EventName<User>, A extends EventArgs<Own, User, K>>(
    event: K,
    listener: (...args: A) => void,
  ): this {
    return this.on(event, listener);
  }

  /** The same as `off`. */
  removeListener<K extends EventName<Own> | EventName<User>>(event?: K, listener?: AnyListener): this {
    return this.off(event, listener);
  }

  /** The same as `off`. */
  removeEventListener<K extends EventName<Own> | EventName<User>>(event?: K, listener?: AnyListener): this {
    return this.off(event, listener);
  }

  /** The same as `off`. */
  removeAllListeners<K extends EventName<Own> | EventName<User>>(event?: K): this {
    return this.off(event);
  }

  /** The listeners of an event, in the order of their calls. */
  listeners<K extends EventName<Own> | EventName<User>>(event: K): AnyListener[] {
    return this._listenersOf(event).map((listener) => listener._of ?? listener);
  }

  /** Whether an event has a listener. */
  hasListeners<K extends EventName<Own> | EventName<User>>(event: K): boolean {
    return !!this._listenersOf(event)[0];
  }

  /** @internal Calls the listeners that an event has at this moment. */
  _fire(event: string, ...args: unknown[]): void {
    for (const listener of this._listenersOf(event)) invoke(this, listener, args);
  }

  private _listenersOf(event: string): Once[] {
    return this._listeners?.get(event) ?? NOBODY;
  }
}
