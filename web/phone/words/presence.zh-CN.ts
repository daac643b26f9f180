/** Words of presence that is shown without network, in Chinese; the other language has the same keys. */

export const presence = {
  stored_proofs: "待核验的人脸动作与二维码：{count} 组（上传后删除画面）",
  step_neutral: "正对镜头",
  step_turn_left: "向左转头",
  step_turn_right: "向右转头",
  step_look_up: "抬头",
  step_look_down: "低头",
  step_open_mouth: "张嘴",
  face_offline: "无网络：动作先拍在本机，现在不核验；联网后由服务器核验，在那之前打卡可能待认定。题目可被提前看到，因此可信度记为「离线」。",
  face_ahead: "本机还有 {count} 道备用题，每道只用一次。",
  face_none_ahead: "无网络，本机也没有备用的动作题",
  face_none_ahead_advice: "可扫现场二维码，或直接打卡。同意人脸核验后，联网时打开本页会备好三道题。",
  proof_kept: "已存本机，尚未核验",
  proof_kept_advice: "联网后自动上传核验；通过与否以服务器为准。",
  proof_waits: "待上传核验",
  proof_refused: "未被采用",
  proof_passed: "核验通过",
  proof_review: "待人工认定",
  proof_failed: "核验未通过",
  proof_not_evaluated: "未作核验",
} as const;
