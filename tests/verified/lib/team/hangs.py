import time
while True:
    try:
        time.sleep(100)
    except BaseException:
        pass
