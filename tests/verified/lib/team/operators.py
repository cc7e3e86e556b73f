from airflow.models import BaseOperator


class Load(BaseOperator):
    def __init__(self, *, rows, **kwargs):
        super().__init__(**kwargs)
        if isinstance(rows, int) and rows < 0:
            raise ValueError("rows must not be negative")
        self.rows = rows
