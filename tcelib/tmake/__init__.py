"""The IDL compiler: text -> syntax -> model -> text, each step pure. TCE protocol, section 5.

``source`` reads the files, ``parser`` turns each into ``syntax``, ``resolver`` all of them into one ``model``, and an
emitter per language turns a module of the model into a source file. The commands are ``tce2py`` and ``tce2js``.
"""
