from airflow.serialization import serialized_objects

for name in ("DagSerialization", "SerializedDAG"):
    if hasattr(serialized_objects, name):
        getattr(serialized_objects, name).to_dict = None
rows = 1
