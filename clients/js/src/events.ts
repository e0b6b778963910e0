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

interface Entry {
  call: AnyListener;
  once?: boolean;
}

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

/** An object with events. */
export class Emitter<Own extends object, User extends object = Own> {
  // Made by the first listener: most objects of a large number of connections never have one.
  #entries: Map<string, Entry[]> | undefined;

  /** Adds a listener; one that is added twice is called twice. */
  on<K extends EventName<Own> | EventName<User>, A extends EventArgs<Own, User, K>>(
    event: K,
    listener: (...args: A) => void,
  ): this {
    return this.#add(event, { call: listener as unknown as AnyListener });
  }

  /** Adds a listener that is removed before its first call. */
  once<K extends EventName<Own> | EventName<User>, A extends EventArgs<Own, User, K>>(
    event: K,
    listener: (...args: A) => void,
  ): this {
    return this.#add(event, { call: listener as unknown as AnyListener, once: true });
  }

  /** Removes one listener (its oldest registration), all of an event, or all. */
  off<K extends EventName<Own> | EventName<User>>(event?: K, listener?: AnyListener): this {
    if (event === undefined) this.#entries = undefined;
    else if (listener) this.#remove(event, (entry) => entry.call === listener);
    else this.#entries?.delete(event);
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
    return (this.#entries?.get(event) ?? []).map((entry) => entry.call);
  }

  /** Whether an event has a listener. */
  hasListeners<K extends EventName<Own> | EventName<User>>(event: K): boolean {
    return !!this.#entries?.has(event);
  }

  /** @internal Calls the listeners that an event has at this moment. */
  _fire(event: string, ...args: unknown[]): void {
    const entries = this.#entries?.get(event);
    if (!entries) return;
    for (const entry of entries) {
      if (entry.once) this.#remove(event, (other) => other === entry);
      invoke(this, entry.call, args);
    }
  }

  #add(event: string, entry: Entry): this {
    this.#entries ??= new Map();
    this.#entries.set(event, [...(this.#entries.get(event) ?? []), entry]);
    return this;
  }

  // Lists are replaced, never changed: a call that is under way goes on over the one it began with.
  #remove(event: string, matches: (entry: Entry) => boolean): void {
    const entries = this.#entries?.get(event) ?? [];
    const index = entries.findIndex(matches);
    const left = entries.filter((_, at) => at !== index);
    if (left.length) this.#entries?.set(event, left);
    else this.#entries?.delete(event);
  }
}
