raise SystemExit('no licence')
