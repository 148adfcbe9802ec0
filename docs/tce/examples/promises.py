"""Chains of callbacks: in order, with a way for errors, an end in any case, and one chain behind another."""

from collections.abc import Callable

import tcelib as tce
from test import ServerPrx

prx = ServerPrx.create(tce.RpcEndPoint(host="localhost", port=16005))


def say(word: str, goes_on: bool = True) -> Callable[[tce.RpcAsyncContext], None]:
    """A step that says its word and tells the chain how to go on."""

    def step(ctx: tce.RpcAsyncContext) -> None:
        print(word, ctx.exception or ctx.result)
        if goes_on:
            ctx.onNext()
        else:
            ctx.onError()

    return step


# The chain of a call begins with its answer: `then` if it is a result, `error` if it is an exception.
promise = prx.echo_async("one")
promise.then(say("first")).then(say("second"))
promise.error(say("error"))
promise.final(say("final"))
promise.get()

# `error` catches what the steps above it say. What is added to the promise after it is where both ways meet again.
promise = prx.echo_async("two")
promise.then(say("broken", goes_on=False)).then(say("left out"))
promise.error(say("repaired"))
promise.then(say("on both ways"))
promise.final(say("final"))
promise.get()

# A call that fails is caught the same way.
promise = prx.echo_async("")
promise.then(say("left out"))
promise.error(say("caught"))
promise.final(say("final"))

# A promise of one's own has no call: `end` begins it. `join` goes on here when another chain has ended.
chores = tce.RpcPromise()
sub = prx.echo_async("three")
sub.then(say("sub"))
chores.then(say("left out, too"))
chores.join(sub)
chores.then(say("behind sub")).final(say("final"))
sub.get()

alone = tce.RpcPromise()
alone.then(say("alone")).final(say("final"))
alone.end()
