"""Structs, sequences and dictionaries, there and back."""

import tcelib as tce
from stock import Item, StorekeeperPrx

prx = StorekeeperPrx.create(tce.RpcEndPoint(host="localhost", port=16005))
item = prx.find(4006381333931)
print(item.name, item.price)
prx.put(Item(name="screw", barcode=4006381333948, price=0.25), 12)
print([each.name for each in prx.cheaper(1.0)])
print(prx.count(["nail", "screw", "hammer"]))
print(prx.picture(4006381333931))
try:
    prx.put(Item(name="anvil", barcode="heavy"), 1)
except tce.RpcException as error:
    print(error)
