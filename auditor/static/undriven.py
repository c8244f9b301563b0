"""Code that nobody in the project calls: functions with unknown arguments, classes whose methods come in any order.

A class that nobody drives is made, and its methods are called in any order, any number of times: each begins in every
state that the others may leave behind.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.static import syntax as s
from auditor.static.dropouts import Dropouts
from auditor.static.machine import Activation, Arguments
from auditor.static.objects import HANDED_IN
from auditor.static.values import UNKNOWN, Cls, Const, Fn, Frame, Obj, Ref, Value, alternatives
from auditor.static.worlds import MODE, World
from auditor.trace import Forward

MOST_STATES = 6


class Undriven(Dropouts):
    def switches(self, function: s.Function) -> bool:
        """It sets the mode of a network by itself, as far as names tell."""
        raise NotImplementedError

    def begin(self, frame: Frame) -> World:
        self.frame, self.context = frame, ()
        self.stack = [Activation(None, frame, None)]
        self.world = World(self.root)
        return self.world

    def enter_function(self, function: s.Function) -> None:
        if function.owner is not None:
            self._enter_class(function.owner)
            return
        value = self.definitions.get(function)
        if value is None:
            return
        self.begin(self.module_frame(function.module))
        bound = self.module_value_of(function)
        self.assumed = (self.place_of(function),)
        self.call(bound if bound is not None else value, Arguments([], {}, UNKNOWN), -1)

    def module_value_of(self, function: s.Function) -> Value | None:
        """The function as its module has it, decorated."""
        value: Value | None = self.world.get(self.module_frame(function.module), function.name)
        return value if type(value) is Fn else None

    def enter_network(self, cls: s.Class) -> None:
        """What a network's own forward applies, whoever calls it."""
        if not self.is_network(cls):
            return
        self.begin(self.module_frame(cls.module))
        self.assumed = (self.place_of(cls),)
        known = self.instances.get(cls)
        told = any(row.keras for row in self.base_rows(cls))
        obj = known[0] if known and not told else self._made(cls)
        found = self.method(cls, "forward") or self.method(cls, "call")
        if obj is None or found is None or found[1] in self.reached:
            return
        fn = Fn(found[1], self.scopes[found[0]].frame, Ref(obj))
        self.reached.add(found[1])
        self.followed[cls] = obj
        ends = self.outcomes_of(fn, Arguments([], {}, UNKNOWN), -1, forward_of=obj)
        self.given_back[cls] = [value for _, value in ends]

    def _made(self, cls: s.Class) -> Obj | None:
        made = self._instance(cls)
        return made.obj if isinstance(made, Ref) else None

    def _instance(self, cls: s.Class) -> Value:
        return self.instantiate(Cls(cls, self.scopes[cls].frame), Arguments([], {}, UNKNOWN), cls.site)

    def _switches_itself(self, cls: s.Class) -> bool:
        """Methods of the class set its mode: then it is its own affair and not its callers'."""
        return any(self.switches(function) for one in self.linear(cls) for function in one.methods.values())

    def _enter_class(self, cls: s.Class) -> None:
        """Make an object of the class and call its methods in any order."""
        if cls not in self.scopes:
            return
        whole = list(self._methods(cls))
        calls = frozenset[str]().union(*(one.calls for one in self.linear(cls)))
        whole.sort(key=lambda function: function.name in calls)  # what others call is called with operands first
        methods = [function for function in whole if function not in self.reached]
        self.begin(self.module_frame(cls.module))
        self.assumed = (self.place_of(cls),)
        made = self.in_every_world(lambda: self._instance(cls), self.world)
        if not made:
            return
        value = made[0][1]
        assert isinstance(value, Ref)
        obj = value.obj
        for other in self.instances[cls] if self.told_in_call(obj) else ():
            for part in other.children.get("%items", ()):
                self.adopt(obj, "%items", part)
        states = self.reduced([world for world, _ in made], MOST_STATES)
        if obj.kind == "module" and not self._switches_itself(cls):
            for self.world in states:
                self._handed_over(obj)
        begun = states[0]
        called: list[s.Function] = []
        for turn in range(2):
            left: list[World] = []
            for function in methods:
                if turn == 0 and function in self.reached:
                    called.append(function)
                    continue
                for state in states:
                    left.extend(self._after(function, cls, obj, state))
            methods = [one for one in methods if one not in called]
            states = self.reduced([state.fork() for state in [*states, *left]], MOST_STATES)
            if len(states) == 1:
                told, built = self._told_since(obj, begun, states[0]), self._built_since(obj, begun, states[0])
                methods = [
                    one for one in whole if one.mentions & told or (one.mentions & built and one.name not in calls)
                ]  # fmt: skip
                if not methods:
                    break

    def _told_since(self, obj: Obj, begun: World, now: World) -> frozenset[str]:
        """The attributes that tell of more than when the object was made: a method that reads them may do more by now.

        Methods have made a choice, or keep what came out of a network.
        """
        return frozenset(
            name for name in obj.attrs
            if self._chosen(begun.get(obj, name), now.get(obj, name))
            or self._kept(obj, name, now) - self._kept(obj, name, begun)
        )  # fmt: skip

    @staticmethod
    def _built_since(obj: Obj, begun: World, now: World) -> frozenset[str]:
        """The attributes that hold a network by now, and held none when the object was made.

        A network that builds its own parts late switches them as one, whatever stands in which of them.
        """
        if obj.kind == "module":
            return frozenset()

        def holds(world: World, name: str) -> bool:
            value: Value | None = world.get(obj, name)
            return value is not None and any(
                type(one) is Ref and one.obj.kind == "module" for one in alternatives(value)
            )

        return frozenset(name for name in obj.attrs if holds(now, name) and not holds(begun, name))

    @staticmethod
    def _chosen(was: Value | None, value: Value | None) -> bool:
        return type(was) is Const and isinstance(was.value, str) and value != was

    def _kept(self, obj: Obj, name: str, world: World) -> frozenset[Forward]:
        """The passes whose outputs an attribute holds."""
        value: Value | None = world.get(obj, name)
        if value is None:
            return frozenset()
        self.world = world
        return self.spilled(value).flows

    def _handed_over(self, obj: Obj) -> None:
        """Nobody knows what its makers did to a network between its making and the call of one of its methods."""
        for part in self.family(obj):
            self.world.set(part, MODE, HANDED_IN)

    def _after(self, function: s.Function, cls: s.Class, obj: Obj, state: World) -> list[World]:
        self.world = state.fork()
        self.world.last = frozenset()
        self.assumed = (self.place_of(function),)
        value = self.attribute(Ref(obj), function.name, -1)
        if type(value) is not Fn or value.function is not function:
            found = self.scopes[cls].frame
            value = Fn(function, found, Ref(obj))
        self.context = ()
        outcomes = self.in_every_world(lambda: self.call(value, Arguments([], {}, UNKNOWN), -1), self.world)
        ends = [end for end, _ in outcomes]
        for end, result in outcomes:
            if function in self._scoring(cls):
                self.world = end
                self.sink("score", result, function.site)
            end.grad = state.grad
        return ends

    def _methods(self, cls: s.Class) -> Iterator[s.Function]:
        network = self.is_network(cls)
        hooks = frozenset() if any(row.keras for row in self.base_rows(cls)) else self.hooks_of(cls)
        seen: set[str] = set()
        for one in self.linear(cls):
            for name, function in one.methods.items():
                if name in seen or name in ("__init__", "__new__") or (network and name in ("forward", "call")):
                    continue
                seen.add(name)
                if name not in hooks:
                    yield function

    def _scoring(self, cls: s.Class) -> set[s.Function]:
        """The methods whose result a framework takes for a score."""
        framework = self.framework(cls)
        hooks = self.libraries.hook_modes.get(framework) if framework is not None else None
        return {cls.methods[name] for name in hooks.eval if name in cls.methods} if hooks is not None else set()

    def hooks_of(self, cls: s.Class) -> frozenset[str]:
        """The methods that a framework calls, in modes of its own."""
        framework = self.framework(cls)
        return self.libraries.hooks.get(framework, frozenset()) if framework else frozenset()
