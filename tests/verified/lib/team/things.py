class Thing:
    def __str__(self):
        raise TypeError("a thing has no text")
    __repr__ = __str__

THINGS = {"a": Thing()}
