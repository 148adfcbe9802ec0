"""A program that orders as a user, over rtserver's port for TCE. Its arguments: a token of the user, and the port."""

import sys

from shop import Item, OrdersPrx

import tcelib as tce

connection = tce.RpcEndPoint(host="localhost", port=sys.argv[2]).open()
connection.setToken(sys.argv[1])
orders = OrdersPrx(connection)
receipt = orders.place([Item("nail", 100, 0.05), Item("hammer", 1, 12.5)])
print(receipt.number, receipt.total)
orders.cancel(receipt.number)
print(orders.wanted(receipt.customer))
try:
    orders.cancel(receipt.number)
except tce.RpcException as error:
    print(error)
tce.RpcCommunicator.instance().shutdown()
