import os, sys
os.environ['TEAM'] = '1'
sys.path.append('lib/hidden')
os.chdir('/')
rows = 1
