"""make_events.py - the bytes that TensorBoard's own protocol buffers give for a few events (tests/unit/train/test_event_file.c).
Needs: pip install tensorboard. Run: python make_events.py"""
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
import struct
def rec(e):
    d=e.SerializeToString(); l=struct.pack('<Q',len(d))
    return l+struct.pack('<I',masked_crc32c(l))+d+struct.pack('<I',masked_crc32c(d))
out=rec(event_pb2.Event(wall_time=0.0,file_version="brain.Event:2"))
def ev(step,vals):
    s=summary_pb2.Summary(value=[summary_pb2.Summary.Value(tag=t,simple_value=v) for t,v in vals])
    return rec(event_pb2.Event(wall_time=float(step),step=step,summary=s))
out+=ev(1,[("train/learning_rate",0.5),("train/loss",0.25)])
out+=ev(300,[("eval/loss",2.0)])
out+=ev(301,[("train/loss",1.5),("train/tokens",219.0)])
print(len(out)); h=out.hex()
for i in range(0,len(h),96): print('    "%s"'%h[i:i+96])
